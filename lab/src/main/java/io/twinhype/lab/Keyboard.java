package io.twinhype.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** Carries what is typed, and changes of the terminal's size, from the user's terminal to the lab. */
final class Keyboard {
    /** Ctrl-], as telnet(1) and machinectl(1) have it. */
    private static final int ESCAPE = 0x1d;

    private static final int ESCAPES = 3;
    private static final long ESCAPE_NANOS = 1_000_000_000L;

    private Keyboard() {}

    /**
     * Connects a terminal to a lab that is about to boot.
     *
     * @param keys the lab's terminal, once it is there
     * @param sizes takes lines of rows and columns, once it is there
     * @param givenUp called when the user wants the lab to end
     */
    static void connect(
            LabTerminal terminal,
            CompletableFuture<OutputStream> keys,
            CompletableFuture<OutputStream> sizes,
            Runnable givenUp) {
        terminal.onResize(size -> {
            if (sizes.isDone() && !sizes.isCompletedExceptionally()) {
                try {
                    sizes.join().write((size.rows() + " " + size.columns() + "\n").getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                    // The lab is ending; its size matters no more.
                }
            }
        });
        // A read of the terminal cannot be interrupted: a daemon, so that it does not hold up this process's end.
        Thread.ofPlatform().daemon().name("lab-keyboard").start(() -> copy(terminal.input(), keys, givenUp));
    }

    private static void copy(InputStream from, CompletableFuture<OutputStream> to, Runnable givenUp) {
        int escapes = 0;
        long first = 0;
        try {
            for (int key = from.read(); key >= 0; key = from.read()) {
                long now = System.nanoTime();
                if (key != ESCAPE || now - first > ESCAPE_NANOS) {
                    escapes = 0;
                    first = now;
                }
                if (key == ESCAPE && ++escapes == ESCAPES) {
                    givenUp.run();
                    return;
                }
                // What is typed before the lab is there is lost, rather than to turn up in a shell later.
                if (to.isDone() && !to.isCompletedExceptionally()) {
                    to.join().write(key);
                }
            }
            givenUp.run();
        } catch (IOException e) {
            givenUp.run();
        }
    }
}
