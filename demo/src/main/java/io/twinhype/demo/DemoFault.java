package io.twinhype.demo;

/** What the demo breaks on purpose, to show what happens then. */
public enum DemoFault {
    /** Nothing. */
    NONE,
    /** The destination's QEMU is killed in the middle of the first migration, when the source has already stopped. */
    DESTINATION_DIES,
    /** The last step of the first graft fails, when the guest has stopped and everything else is done. */
    GRAFT_FAILS,
    /** The first guest is given a first file system that is none. */
    GUEST_DOES_NOT_BOOT,
    /** Hypervisor A's patched build is damaged on its way to the kernel. */
    BUILD_DOES_NOT_LOAD
}
