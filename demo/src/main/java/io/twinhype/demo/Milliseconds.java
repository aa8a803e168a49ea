package io.twinhype.demo;

import java.time.Duration;

/** Durations as the report has them: milliseconds, to a tenth. */
final class Milliseconds {
    private Milliseconds() {}

    static double of(Duration duration) {
        return rounded(duration.toNanos() / 1e6);
    }

    /** To a thousandth. */
    static double fine(Duration duration) {
        return Math.round(duration.toNanos() / 1e3) / 1e3;
    }

    static double rounded(double millis) {
        return Math.round(millis * 10) / 10.0;
    }
}
