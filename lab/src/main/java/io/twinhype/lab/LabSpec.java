package io.twinhype.lab;

import java.util.List;

/**
 * What the lab's machine is made of.
 *
 * @param kernel the kernel it boots
 * @param memoryMebibytes its RAM, MiB; at least {@link #LEAST_MEMORY_MEBIBYTES}
 * @param cpus its CPUs. One is the rule: with two, QEMU's emulation of SVM itself is unsound and lab kernels panic with
 *     stock modules alone.
 * @param modules loaded in this order, after what they depend on, before the command runs
 * @param clock what its clocks go by
 */
public record LabSpec(LabKernel kernel, int memoryMebibytes, int cpus, List<ModuleToLoad> modules, LabClock clock) {
    /** RAM of a lab unless something else is asked for, MiB: four guests of 512 MiB, QEMU's own needs, and the file cache. */
    public static final int DEFAULT_MEMORY_MEBIBYTES = 6144;

    /** With less, the kernel and the file systems it begins with do not fit, MiB. */
    public static final int LEAST_MEMORY_MEBIBYTES = 512;

    public LabSpec {
        if (memoryMebibytes < LEAST_MEMORY_MEBIBYTES) {
            throw new IllegalArgumentException("A lab needs at least " + LEAST_MEMORY_MEBIBYTES + " MiB of memory, not "
                    + memoryMebibytes + ": ask for more.");
        }
        if (cpus < 1) {
            throw new IllegalArgumentException("A lab needs at least one CPU, not " + cpus + ".");
        }
        modules = List.copyOf(modules);
    }

    /** A lab whose clocks go by the host's. */
    public LabSpec(LabKernel kernel, int memoryMebibytes, int cpus, List<ModuleToLoad> modules) {
        this(kernel, memoryMebibytes, cpus, modules, LabClock.REAL_TIME);
    }

    /** A lab with one CPU and the default memory. */
    public LabSpec(LabKernel kernel, List<ModuleToLoad> modules) {
        this(kernel, DEFAULT_MEMORY_MEBIBYTES, 1, modules);
    }
}
