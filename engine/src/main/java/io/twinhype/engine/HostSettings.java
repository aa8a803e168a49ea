package io.twinhype.engine;

import io.twinhype.qemu.QemuLauncher;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How a {@link Host} runs its VMs.
 *
 * @param runtimeDirectory sockets and logs of the VMs, one directory per VM; its path must be short enough for UNIX
 *     sockets
 * @param memoryDirectory a tmpfs with room for the RAM of all VMs
 * @param endWithThisProcess whether VMs die with this JVM, however that ends
 * @param timeout how long a VMM may take to start or to answer
 * @param graftLibrary what is preloaded into VMMs so that their VMs can be grafted; without it they can't
 */
public record HostSettings(
        Path runtimeDirectory,
        Path memoryDirectory,
        boolean endWithThisProcess,
        Duration timeout,
        Optional<Path> graftLibrary) {
    /** VMMs without the graft library. */
    public HostSettings(Path runtimeDirectory, Path memoryDirectory, boolean endWithThisProcess, Duration timeout) {
        this(runtimeDirectory, memoryDirectory, endWithThisProcess, timeout, Optional.empty());
    }

    /** RAM in /dev/shm, VMs that die with this JVM, a time-out for slow machines. */
    public static HostSettings temporary(Path runtimeDirectory) {
        return new HostSettings(runtimeDirectory, Path.of("/dev/shm"), true, QemuLauncher.DEFAULT_TIMEOUT);
    }

    /** Returns these settings with the library that {@link io.twinhype.graft.GraftLibrary#build} returned. */
    public HostSettings withGraftLibrary(Path library) {
        return new HostSettings(runtimeDirectory, memoryDirectory, endWithThisProcess, timeout, Optional.of(library));
    }
}
