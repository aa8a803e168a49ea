package io.twinhype.qemu;

/** A migration capability (MigrationCapability in QEMU's qapi/migration.json). */
public enum MigrationCapability {
    /** RAM that both sides map is not sent. Experimental in QEMU, hence the x. */
    IGNORE_SHARED("x-ignore-shared"),
    /** The destination reports back, so that the source completes only once everything was loaded. */
    RETURN_PATH("return-path"),
    /** The destination takes the disks when it is told to go on, not when it has loaded. */
    LATE_BLOCK_ACTIVATE("late-block-activate"),
    /** The source stops and waits for a go before it hands the disks over. */
    PAUSE_BEFORE_SWITCHOVER("pause-before-switchover"),
    /** State changes are reported as MIGRATION events. */
    EVENTS("events");

    private final String qapiName;

    MigrationCapability(String qapiName) {
        this.qapiName = qapiName;
    }

    /** Returns the name QEMU knows. */
    public String qapiName() {
        return qapiName;
    }
}
