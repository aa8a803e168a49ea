package io.twinhype.lab;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a lab's machine under Bochs is made of.
 *
 * @param kernel the kernel it boots
 * @param cpus its CPUs, 1 to {@link #MOST_CPUS}; with two, each is about six times slower when both are busy
 * @param memoryMebibytes its RAM, MiB; {@link #LEAST_MEMORY_MEBIBYTES} to {@link #MOST_MEMORY_MEBIBYTES}
 * @param modules loaded in this order, after what they depend on, before the command runs
 * @param files what the command finds in the machine beside busybox: its path there, without a slash in front, and the
 *     file of this machine. Programs must be statically linked, or have their loader and libraries with them; all come
 *     with the permission to run them. A compressed kernel module comes unpacked if its name there ends with {@code .ko}.
 */
public record BochsSpec(
        LabKernel kernel, int cpus, int memoryMebibytes, List<ModuleToLoad> modules, Map<String, Path> files) {
    /** RAM unless something else is asked for, MiB. */
    public static final int DEFAULT_MEMORY_MEBIBYTES = 512;

    /** With less, the kernel and its first file system do not fit, MiB. */
    public static final int LEAST_MEMORY_MEBIBYTES = 256;

    /** Bochs' own limit, beyond which a machine's devices get in the way, MiB. */
    public static final int MOST_MEMORY_MEBIBYTES = 2048;

    /** More have not been tried. */
    public static final int MOST_CPUS = 2;

    public BochsSpec {
        if (cpus < 1 || cpus > MOST_CPUS) {
            throw new IllegalArgumentException("A lab under Bochs has 1 to " + MOST_CPUS + " CPUs, not " + cpus + ".");
        }
        if (memoryMebibytes < LEAST_MEMORY_MEBIBYTES || memoryMebibytes > MOST_MEMORY_MEBIBYTES) {
            throw new IllegalArgumentException("A lab under Bochs has " + LEAST_MEMORY_MEBIBYTES + " to "
                    + MOST_MEMORY_MEBIBYTES + " MiB of memory, not " + memoryMebibytes + ".");
        }
        for (String path : files.keySet()) {
            if (!path.matches("[A-Za-z0-9._/-]+")
                    || path.startsWith("/")
                    || path.endsWith("/")
                    || path.contains("..")) {
                throw new IllegalArgumentException("A file in a lab under Bochs cannot be called '" + path
                        + "': name it like bin/program, without a slash in front.");
            }
        }
        modules = List.copyOf(modules);
        files = Map.copyOf(new TreeMap<>(files));
    }

    /** A machine with one CPU and the default memory. */
    public BochsSpec(LabKernel kernel, List<ModuleToLoad> modules, Map<String, Path> files) {
        this(kernel, 1, DEFAULT_MEMORY_MEBIBYTES, modules, files);
    }
}
