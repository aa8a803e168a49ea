package io.twinhype.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A run's temporary directory: sockets and the initramfs. Removed at the end, also when the process is told to end. */
final class WorkDirectory implements AutoCloseable {
    private final Path path;
    private final Thread removeWithUs;

    private WorkDirectory(Path path) {
        this.path = path;
        this.removeWithUs = new Thread(() -> remove(path), "lab-cleanup");
        try {
            Runtime.getRuntime().addShutdownHook(removeWithUs);
        } catch (IllegalStateException shuttingDown) {
            remove(path);
        }
    }

    static WorkDirectory create() throws LabException {
        try {
            return new WorkDirectory(Files.createTempDirectory("twinhype-lab-"));
        } catch (IOException e) {
            throw new LabException.Unprepared(
                    "No temporary directory can be made for the lab: " + e.getMessage()
                            + ". Free some space or set TMPDIR.",
                    e);
        }
    }

    Path path() {
        return path;
    }

    @Override
    public void close() {
        remove(path);
        try {
            Runtime.getRuntime().removeShutdownHook(removeWithUs);
        } catch (IllegalStateException shuttingDown) {
            // The hook runs already and finds nothing.
        }
    }

    private static void remove(Path directory) {
        List<Path> files;
        try (Stream<Path> tree = Files.walk(directory)) {
            files = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // Nothing of value is in it, and the next boot of this machine clears it.
        }
    }
}
