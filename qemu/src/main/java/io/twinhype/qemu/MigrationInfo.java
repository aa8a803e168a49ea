package io.twinhype.qemu;

import java.util.OptionalLong;

/**
 * What QEMU says about its migration (query-migrate).
 *
 * @param downtimeMillis QEMU's own figure of the pause, in milliseconds; present on the source once completed
 * @param ramBytes bytes of RAM sent so far; the state of the devices is not among them in QEMU 7.2, but in 10.0
 * @param streamBytes bytes of the whole stream, device state included; present on the source once completed, unless
 *     the transfer took less than a millisecond
 * @param error what went wrong, empty if nothing did
 */
public record MigrationInfo(
        MigrationStatus status, OptionalLong downtimeMillis, long ramBytes, OptionalLong streamBytes, String error) {}
