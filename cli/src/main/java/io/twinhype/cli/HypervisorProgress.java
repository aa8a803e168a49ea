package io.twinhype.cli;

import io.twinhype.twin.Progress;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/** Prints one line for each finished step of fetching and building, with its time. */
final class HypervisorProgress implements Progress {
    private final PrintWriter out;

    HypervisorProgress(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void started(String step) {
        // A step is told of when its time is known.
    }

    @Override
    public void finished(String step, Duration took) {
        out.printf(Locale.ROOT, "%7.1f s  %s%n", took.toMillis() / 1000.0, step);
        out.flush();
    }

    @Override
    public void note(String sentence) {
        out.println(sentence);
        out.flush();
    }
}
