package io.twinhype.engine;

import java.util.Locale;

/** How a VM gets from one hypervisor to another; the less is moved, the earlier it stands here. */
public enum MigrationMethod {
    /**
     * The VMM stays; only the KVM under it is changed, by a library inside it. For VMs that were started with the library,
     * see {@link HostSettings#graftLibrary}.
     */
    GRAFT,
    /** A new VMM process takes over; RAM is mapped by both, only the state of the devices is sent. */
    HANDOFF,
    /**
     * Ordinary live migration: everything is sent. For VMs whose memory can't be shared. From an emulated
     * hypervisor it is not live: the vCPUs stop first, because emulation can't tell reliably what they write meanwhile.
     */
    COPY;

    /** Returns the name as people type it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
