package io.twinhype.engine;

import java.time.Duration;

/**
 * How a migration is to be done.
 *
 * @param bytesPerSecond the most that may be sent, in bytes per second; 0 for no limit
 * @param timeout how long the transfer may take before it is given up
 */
public record MigrationOptions(MigrationMethod method, Transport transport, long bytesPerSecond, Duration timeout) {
    /** Handoff through a UNIX socket. */
    public static final MigrationOptions HANDOFF =
            new MigrationOptions(MigrationMethod.HANDOFF, Transport.UNIX, 0, Duration.ofMinutes(1));

    /** Copy through a UNIX socket. */
    public static final MigrationOptions COPY =
            new MigrationOptions(MigrationMethod.COPY, Transport.UNIX, 0, Duration.ofMinutes(10));

    /** Ordinary live migration over TCP on 127.0.0.1. */
    public static final MigrationOptions COPY_OVER_TCP =
            new MigrationOptions(MigrationMethod.COPY, Transport.TCP, 0, Duration.ofMinutes(10));
}
