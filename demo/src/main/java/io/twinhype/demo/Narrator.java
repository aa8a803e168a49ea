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

    /** Says that something which began at the given {@link System#nanoTime} is done. */
    void doneSince(long startNanos, String what) {
        done(what, (System.nanoTime() - startNanos) / 1e9);
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
