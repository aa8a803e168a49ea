package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** Runs steps under a {@link Progress} and explains what goes wrong with files in them. */
record Steps(Progress progress, Path place) {
    @FunctionalInterface
    interface Step<T> {
        T run() throws TwinException, IOException, InterruptedException;
    }

    @FunctionalInterface
    interface Action {
        void run() throws TwinException, IOException, InterruptedException;
    }

    <T> T step(String name, Step<T> body) throws TwinException, InterruptedException {
        progress.started(name);
        long start = System.nanoTime();
        T result = quietly(name, body);
        progress.finished(name, Duration.ofNanos(System.nanoTime() - start));
        return result;
    }

    void act(String name, Action body) throws TwinException, InterruptedException {
        String _ = step(name, () -> {
            body.run();
            return name;
        });
    }

    /** Runs a step that is too short to be told of. */
    <T> T quietly(String name, Step<T> body) throws TwinException, InterruptedException {
        try {
            return body.run();
        } catch (IOException e) {
            throw DiskFullException.explain(name, place, e);
        }
    }
}
