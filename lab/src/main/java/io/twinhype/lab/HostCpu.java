package io.twinhype.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The one CPU of the host on which all of a lab's QEMU runs.
 *
 * <p>One, because QEMU's emulation of SVM changes a CPU's {@code interrupt_request} without a lock and without an atomic
 * instruction ({@code do_vmexit} in svm_helper.c of QEMU 7.2 and 10.0), while its I/O thread sets bits in it:
 * an interrupt gets lost now and then, and if it is the one-shot timer's, an idle lab never wakes up again (seen: HLT with
 * the timer's vector pending in IRR, within a minute of four guests). On one CPU the two threads cannot be in the middle of
 * it at once. The lab's one virtual CPU loses little by it.
 */
final class HostCpu {
    private static final String ALLOWED = "Cpus_allowed_list:";

    private HostCpu() {}

    /** One of the CPUs that this process may use, a different one for labs that run side by side, if luck will have it. */
    static int pick(RandomGenerator random) {
        List<Integer> allowed;
        try {
            allowed = allowed(Files.readAllLines(Path.of("/proc/self/status")));
        } catch (IOException e) {
            // Without /proc there is no lab either, but that is for others to say.
            allowed = List.of(0);
        }
        return allowed.get(random.nextInt(allowed.size()));
    }

    /** The CPUs in a line such as {@code Cpus_allowed_list: 0-1,4} of proc_pid_status(5). */
    static List<Integer> allowed(List<String> status) {
        List<Integer> cpus = new ArrayList<>();
        for (String line : status) {
            if (line.startsWith(ALLOWED)) {
                for (String range : line.substring(ALLOWED.length()).strip().split(",", -1)) {
                    String[] ends = range.split("-", -1);
                    int last = Integer.parseInt(ends[ends.length - 1]);
                    for (int cpu = Integer.parseInt(ends[0]); cpu <= last; cpu++) {
                        cpus.add(cpu);
                    }
                }
            }
        }
        return cpus.isEmpty() ? List.of(0) : cpus;
    }
}
