package io.twinhype.bench;

import io.twinhype.engine.MigrationOptions;
import java.time.Duration;
import java.util.Locale;

/** The ways to move a VM that are compared, in the order in which they take turns. */
public enum MigrateMethod {
    /** Within the VM's process. */
    GRAFT,
    /** Into another process, RAM shared. */
    HANDOFF,
    /** Into another process, everything through a UNIX socket. */
    COPY,
    /** Ordinary live migration over TCP, on the loopback interface. */
    TCP;

    /** A guest that writes faster than its memory is sent is not moved within it. */
    private static final Duration LIMIT = Duration.ofMinutes(3);

    /** Whether all memory is sent. */
    boolean copies() {
        return this == COPY || this == TCP;
    }

    MigrationOptions options() {
        return switch (this) {
            case GRAFT -> MigrationOptions.GRAFT;
            case HANDOFF -> MigrationOptions.HANDOFF;
            case COPY -> limited(MigrationOptions.COPY);
            case TCP -> limited(MigrationOptions.COPY_OVER_TCP);
        };
    }

    private static MigrationOptions limited(MigrationOptions usual) {
        return new MigrationOptions(usual.method(), usual.transport(), usual.bytesPerSecond(), LIMIT);
    }

    /** As it stands in tables. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
