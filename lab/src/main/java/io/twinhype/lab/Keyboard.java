package io.twinhype.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/**
 * Carries what is typed, and changes of the terminal's size, from the user's terminal to the lab that is connected last: a
 * lab may have to be booted again, and the terminal can have only one reader.
 */
final class Keyboard {
    /** Ctrl-], as telnet(1) and machinectl(1) have it. */
    private static final int ESCAPE = 0x1d;

    private static final int ESCAPES = 3;
    private static final long ESCAPE_NANOS = 1_000_000_000L;

    /** A lab's ends of it. */
    private record Ends(
            CompletableFuture<OutputStream> keys, CompletableFuture<OutputStream> sizes, Runnable givenUp) {}

    private volatile Ends lab = new Ends(new CompletableFuture<>(), new CompletableFuture<>(), () -> {});
    private volatile boolean givenUp;

    private Keyboard() {}

    /** The keyboard of a terminal; read from now on. */
    static Keyboard of(LabTerminal terminal) {
        Keyboard keyboard = new Keyboard();
        terminal.onResize(size -> {
            CompletableFuture<OutputStream> sizes = keyboard.lab.sizes();
            if (sizes.isDone() && !sizes.isCompletedExceptionally()) {
                try {
                    sizes.join().write((size.rows() + " " + size.columns() + "\n").getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                    // The lab is ending; its size matters no more.
                }
            }
        });
        // A read of the terminal cannot be interrupted: a daemon, so that it does not hold up this process's end.
        Thread.ofPlatform().daemon().name("lab-keyboard").start(() -> keyboard.copy(terminal.input()));
        return keyboard;
    }

    /**
     * Connects it to a lab that is about to boot, and to no other any more.
     *
     * @param keys the lab's terminal, once it is there
     * @param sizes takes lines of rows and columns, once it is there
     * @param givenUp called when the user wants the lab to end, or wanted it already
     */
    void connect(CompletableFuture<OutputStream> keys, CompletableFuture<OutputStream> sizes, Runnable givenUp) {
        lab = new Ends(keys, sizes, givenUp);
        if (this.givenUp) {
            givenUp.run();
        }
    }

    private void giveUp() {
        givenUp = true;
        lab.givenUp().run();
    }

    private void copy(InputStream from) {
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
                    giveUp();
                    return;
                }
                CompletableFuture<OutputStream> to = lab.keys();
                // What is typed before the lab is there is lost, rather than to turn up in a shell later.
                if (to.isDone() && !to.isCompletedExceptionally()) {
                    to.join().write(key);
                }
            }
            giveUp();
        } catch (IOException e) {
            giveUp();
        }
    }
}
