package io.twinhype.engine;

/** How a VM gets from one hypervisor to another. */
public enum MigrationMethod {
    /** A new VMM process takes over; RAM is mapped by both, only the state of the devices is sent. */
    HANDOFF,
    /**
     * Ordinary live migration: everything is sent. For VMs whose memory can't be shared. From an emulated
     * hypervisor it is not live: the vCPUs stop first, because emulation can't tell reliably what they write meanwhile.
     */
    COPY
}
