package io.twinhype.engine;

import io.twinhype.linux.Fd;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files that are the RAM of VMs. Those of VMs that die with their JVM carry its process id in their name, so that
 * the next one can remove what a killed one had to leave.
 */
final class MemoryFiles {
    private static final Pattern TEMPORARY = Pattern.compile("twinhype-pid([0-9]+)-.*\\.ram");

    private MemoryFiles() {}

    /**
     * Makes the RAM of a VM, all of it: a VM that touches a page for which its tmpfs has no room is killed (SIGBUS), and
     * with files that grow as they are touched that may be any VM at any time.
     */
    static Path create(HostSettings settings, String vm, int mebibytes) throws IOException {
        String owner =
                settings.endWithThisProcess() ? "pid" + ProcessHandle.current().pid() + "-" : "";
        Path file = Files.createTempFile(settings.memoryDirectory(), "twinhype-" + owner + vm + "-", ".ram");
        try (Fd memory = Fd.open(file, Fd.O_RDWR)) {
            memory.allocate((long) mebibytes << 20);
            return file;
        } catch (IOException noRoom) {
            Files.deleteIfExists(file);
            throw noRoom;
        }
    }

    /** Removes the files of processes that do not exist any more. */
    static void sweep(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "twinhype-pid*.ram")) {
            for (Path file : files) {
                Matcher name = TEMPORARY.matcher(file.getFileName().toString());
                if (name.matches()
                        && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
