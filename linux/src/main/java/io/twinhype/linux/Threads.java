package io.twinhype.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The threads of a process. */
public final class Threads {
    private Threads() {}

    /**
     * Sets the nice value of all threads that a process has now; those that they start inherit it (setpriority(2)).
     *
     * @param nice -20 (served first) to 19; to lower it needs CAP_SYS_NICE
     * @throws LinuxException EACCES or EPERM without that privilege
     * @throws IOException if the process is gone
     */
    public static void setNice(long pid, int nice) throws IOException {
        List<Path> threads;
        try (Stream<Path> entries = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            threads = entries.toList();
        }
        for (Path thread : threads) {
            try {
                LibC.setPriority(Integer.parseInt(thread.getFileName().toString()), nice);
            } catch (LinuxException e) {
                // A thread that has ended meanwhile needs nothing.
                if (Files.exists(thread)) {
                    throw e;
                }
            }
        }
    }
}
