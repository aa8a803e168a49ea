package io.twinhype.qemu;

/**
 * How a migration may behave.
 *
 * @param bytesPerSecond the most it may send, in bytes per second; 0 for no limit
 * @param downtimeLimitMillis the longest pause QEMU may plan for, in milliseconds; its own default is 300
 */
public record MigrationParameters(long bytesPerSecond, long downtimeLimitMillis) {
    /** No limit to the bandwidth, QEMU's default pause. */
    public static final MigrationParameters UNLIMITED = new MigrationParameters(0, 300);
}
