package io.twinhype.engine;

import io.twinhype.qemu.QemuLauncher;
import java.nio.file.Path;
import java.time.Duration;

/**
 * How a {@link Host} runs its VMs.
 *
 * @param runtimeDirectory sockets and logs of the VMs, one directory per VM; its path must be short enough for UNIX
 *     sockets
 * @param memoryDirectory a tmpfs with room for the RAM of all VMs
 * @param endWithThisProcess whether VMs die with this JVM, however that ends
 * @param timeout how long a VMM may take to start or to answer
 */
public record HostSettings(Path runtimeDirectory, Path memoryDirectory, boolean endWithThisProcess, Duration timeout) {
    /** RAM in /dev/shm, VMs that die with this JVM, a time-out for slow machines. */
    public static HostSettings temporary(Path runtimeDirectory) {
        return new HostSettings(runtimeDirectory, Path.of("/dev/shm"), true, QemuLauncher.DEFAULT_TIMEOUT);
    }
}
