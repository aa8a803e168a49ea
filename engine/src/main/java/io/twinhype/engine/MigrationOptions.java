package io.twinhype.engine;

import java.time.Duration;

/**
 * How a migration is to be done.
 *
 * @param bytesPerSecond the most that may be sent, in bytes per second; 0 for no limit
 * @param timeout how long the transfer may take before it is given up; of a graft, how long the vCPUs may take to come to
 *     a stop
 */
public record MigrationOptions(MigrationMethod method, Transport transport, long bytesPerSecond, Duration timeout) {
    /** A graft, within the VM's process. */
    public static final MigrationOptions GRAFT =
            new MigrationOptions(MigrationMethod.GRAFT, Transport.NONE, 0, Duration.ofSeconds(2));

    /** Handoff through a UNIX socket. */
    public static final MigrationOptions HANDOFF =
            new MigrationOptions(MigrationMethod.HANDOFF, Transport.UNIX, 0, Duration.ofMinutes(1));

    /** Copy through a UNIX socket. */
    public static final MigrationOptions COPY =
            new MigrationOptions(MigrationMethod.COPY, Transport.UNIX, 0, Duration.ofMinutes(10));

    /** Ordinary live migration over TCP on 127.0.0.1. */
    public static final MigrationOptions COPY_OVER_TCP =
            new MigrationOptions(MigrationMethod.COPY, Transport.TCP, 0, Duration.ofMinutes(10));

    /** Sees that something is sent exactly where there are two processes. */
    public MigrationOptions {
        if ((method == MigrationMethod.GRAFT) != (transport == Transport.NONE)) {
            throw new IllegalArgumentException(method.label() + " does not go through " + transport);
        }
    }

    /** Returns what is usual for a method. */
    public static MigrationOptions of(MigrationMethod method) {
        return switch (method) {
            case GRAFT -> GRAFT;
            case HANDOFF -> HANDOFF;
            case COPY -> COPY;
        };
    }
}
