package io.twinhype.soak;

/**
 * Notices when this whole machine stands still: a thread that only sleeps finds out how much longer it slept than it wanted
 * to. In a lab on a busy host that tells the host's silences from the guest's.
 */
final class Standstill {
    private static final int NAP_MILLIS = 20;

    private final Thread thread = Thread.ofPlatform().daemon().name("standstill").unstarted(this::watchOn);
    private volatile boolean over;
    private volatile double longest;

    private Standstill() {}

    static Standstill watch() {
        var standstill = new Standstill();
        standstill.thread.start();
        return standstill;
    }

    private void watchOn() {
        try {
            while (!over) {
                long start = System.nanoTime();
                Thread.sleep(NAP_MILLIS);
                longest = Math.max(longest, (System.nanoTime() - start) / 1e6 - NAP_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends it; returns the longest time the machine stood still, ms. */
    double end() throws InterruptedException {
        over = true;
        thread.join();
        return longest;
    }
}
