package io.twinhype.engine;

import io.twinhype.linux.Threads;
import java.io.IOException;

/**
 * Lets a VMM go before others while its guest stands still or catches up: on a host with more to do than CPUs, a pause is
 * as long as the VMMs have to queue. Best effort: without CAP_SYS_NICE nothing changes but the pause.
 */
final class Precedence {
    /** Between the default and a host's own services. */
    private static final int URGENT = -10;

    private static final int DEFAULT = 0;

    private Precedence() {}

    static void give(long pid) {
        set(pid, URGENT);
    }

    static void takeBack(long pid) {
        set(pid, DEFAULT);
    }

    private static void set(long pid, int nice) {
        try {
            Threads.setNice(pid, nice);
        } catch (IOException notPermittedOrGone) {
            // The migration is as safe without it; whoever finds the process dead says so elsewhere.
            return;
        }
    }
}
