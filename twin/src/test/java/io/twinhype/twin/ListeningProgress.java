package io.twinhype.twin;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Keeps what it hears, and prints it for whoever reads the test's output. */
final class ListeningProgress implements Progress {
    private final List<String> started = Collections.synchronizedList(new ArrayList<>());
    private final List<String> notes = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void started(String step) {
        started.add(step);
    }

    @Override
    public void finished(String step, Duration took) {
        System.out.printf("%s: %.1f s%n", step, took.toMillis() / 1000.0);
    }

    @Override
    public void note(String sentence) {
        notes.add(sentence);
        System.out.println(sentence);
    }

    List<String> started() {
        return List.copyOf(started);
    }

    List<String> notes() {
        return List.copyOf(notes);
    }
}
