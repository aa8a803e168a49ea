package io.twinhype.qemu;

import java.util.Locale;

/** The state of a migration on one side (MigrationStatus in QEMU's qapi/migration.json). */
public enum MigrationStatus {
    NONE,
    SETUP,
    CANCELLING,
    CANCELLED,
    ACTIVE,
    POSTCOPY_ACTIVE,
    POSTCOPY_PAUSED,
    POSTCOPY_RECOVER,
    COMPLETED,
    FAILED,
    COLO,
    PRE_SWITCHOVER,
    DEVICE,
    WAIT_UNPLUG,
    /** A state this version does not know. */
    OTHER;

    /** Returns the state QEMU calls {@code name}. */
    public static MigrationStatus named(String name) {
        String constant = name.replace('-', '_').toUpperCase(Locale.ROOT);
        for (MigrationStatus status : values()) {
            if (status.name().equals(constant)) {
                return status;
            }
        }
        return OTHER;
    }

    /** Says whether a migration in this state is over, one way or the other. */
    public boolean terminal() {
        return this == COMPLETED || this == FAILED || this == CANCELLED;
    }
}
