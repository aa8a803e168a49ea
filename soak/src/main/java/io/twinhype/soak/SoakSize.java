package io.twinhype.soak;

/**
 * How much of everything is done.
 *
 * @param reloads of each hypervisor while guests of the other run
 * @param leakSeconds how long guests of both take turns on one CPU, s
 * @param hotplugCycles times a CPU goes and comes back while both run; 0: not at all
 */
public record SoakSize(int reloads, int leakSeconds, int hotplugCycles) {
    /** What a test can afford. */
    public static final SoakSize QUICK = new SoakSize(4, 10, 0);

    /** What is promised. */
    public static final SoakSize FULL = new SoakSize(200, 600, 10);
}
