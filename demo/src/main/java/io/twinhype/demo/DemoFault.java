package io.twinhype.demo;

/** What the demo breaks on purpose, to show what happens then. */
public enum DemoFault {
    /** Nothing. */
    NONE,
    /** The destination's QEMU is killed in the middle of the first migration, when the source has already stopped. */
    DESTINATION_DIES
}
