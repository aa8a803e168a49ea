package io.twinhype.engine;

import java.util.OptionalLong;

/** Notes when the parts of a migration began and ended, by {@link System#nanoTime}. */
final class MigrationClock {
    private final long begun = System.nanoTime();
    private long started;
    private long stopped;
    private long handedOver;
    private long committed;

    void prepared() {
        started = System.nanoTime();
    }

    /** Takes when the report of the stop was read. */
    void stopped(long atNanos) {
        stopped = atNanos;
    }

    void handedOver() {
        handedOver = System.nanoTime();
    }

    /** Takes when the report that the destination runs was read; its answer to the command comes later. */
    void committed(OptionalLong resumedAt) {
        committed = resumedAt.orElseGet(System::nanoTime);
    }

    long startNanos() {
        return started;
    }

    long endNanos() {
        return committed;
    }

    double prepareMillis() {
        return (started - begun) / 1e6;
    }

    double transferMillis() {
        return (handedOver - started) / 1e6;
    }

    double stoppedMillis() {
        // A source that died did not report its stop: from the moment its death was clear.
        return (committed - (stopped == 0 ? handedOver : stopped)) / 1e6;
    }
}
