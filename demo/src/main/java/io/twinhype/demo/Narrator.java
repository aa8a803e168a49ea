package io.twinhype.demo;

import io.twinhype.demo.DemoReport.StepRow;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Tells one line per step, with how long it took, and keeps the steps for the report. */
final class Narrator {
    private final PrintStream out;
    private final List<StepRow> steps = new ArrayList<>();

    Narrator(PrintStream out) {
        this.out = out;
    }

    /** Work whose result is told in a few words. */
    @FunctionalInterface
    interface Step<T, E extends Exception> {
        T run() throws E, InterruptedException;
    }

    /** Says what was done and how long it took, once it is done. */
    <T, E extends Exception> T step(String what, Step<T, E> step) throws E, InterruptedException {
        long start = System.nanoTime();
        T result = step.run();
        done(what, (System.nanoTime() - start) / 1e9);
        return result;
    }

    /** Says that something which took this long is done. */
    void done(String what, double seconds) {
        steps.add(new StepRow(what, Math.round(seconds * 1000) / 1000.0));
        say(String.format(Locale.ROOT, "%s (%.1f s)", what, seconds));
    }

    /** Says something that is not a step. */
    void say(String line) {
        out.println(line);
        out.flush();
    }

    List<StepRow> steps() {
        return List.copyOf(steps);
    }
}
