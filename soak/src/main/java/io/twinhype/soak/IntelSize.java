package io.twinhype.soak;

import java.util.ArrayList;
import java.util.List;

/**
 * How much of everything the Intel trial does in one boot of the lab.
 *
 * @param cpus of the lab, 1 or 2
 * @param leakSeconds how long guests of both take turns, s of the lab's time; emulation takes about as long, on two CPUs six
 *     times as long
 * @param reloads of each hypervisor while guests of the other run
 * @param limitSeconds the lab is ended after, s
 */
public record IntelSize(int cpus, int leakSeconds, int reloads, long limitSeconds) {
    /** What a test can afford: one CPU, some minutes. */
    public static final IntelSize QUICK = new IntelSize(1, 10, 3, 1200);

    /** One CPU, in full. */
    public static final IntelSize FULL = new IntelSize(1, 600, 200, 6 * 3600);

    /** Two CPUs. */
    public static final IntelSize TWO_CPUS = new IntelSize(2, 60, 20, 6 * 3600);

    /** What intel.sh is to do. */
    List<String> steps() {
        return cpus == 1
                ? List.of("load", "one_cpu", "reload_a", "reload_b", "in_use", "killed", "refusals", "unload")
                : List.of(
                        "load",
                        "two_cpus",
                        "reload_a",
                        "reload_b",
                        "in_use",
                        "killed",
                        "offline",
                        "refusals",
                        "unload");
    }

    /** The words after the script's name: CPUs, seconds, reloads, steps. */
    List<String> words(List<String> steps) {
        List<String> words =
                new ArrayList<>(List.of(String.valueOf(cpus), String.valueOf(leakSeconds), String.valueOf(reloads)));
        words.addAll(steps);
        return words;
    }
}
