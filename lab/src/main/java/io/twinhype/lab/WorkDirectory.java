package io.twinhype.lab;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A run's temporary directory: sockets and the initramfs. Removed at the end, also when the process is told to end; what a
 * killed process left is removed by the next lab, which knows it by a lock that nobody holds.
 */
final class WorkDirectory implements AutoCloseable {
    private static final String PREFIX = "twinhype-lab-";
    private static final String LOCK = "lock";

    /** A directory younger than this may be one whose lock is just being taken. */
    private static final Duration YOUNG = Duration.ofMinutes(1);

    private final Path path;
    private final FileChannel lock;
    private final Thread removeWithUs;

    private WorkDirectory(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
        this.removeWithUs = new Thread(() -> remove(path), "lab-cleanup");
        try {
            Runtime.getRuntime().addShutdownHook(removeWithUs);
        } catch (IllegalStateException shuttingDown) {
            remove(path);
        }
    }

    /** Makes one below a directory for temporary files. */
    static WorkDirectory create(Path below) throws LabException {
        try {
            sweep(below);
            Path path = Files.createTempDirectory(below, PREFIX);
            FileChannel lock = open(path.resolve(LOCK));
            lock.lock();
            return new WorkDirectory(path, lock);
        } catch (IOException e) {
            throw new LabException.Unprepared(
                    "No temporary directory can be made for the lab: " + e + ". Free some space or set TMPDIR.", e);
        }
    }

    Path path() {
        return path;
    }

    @Override
    public void close() {
        remove(path);
        try {
            lock.close();
            Runtime.getRuntime().removeShutdownHook(removeWithUs);
        } catch (IllegalStateException shuttingDown) {
            // The hook runs already and finds nothing.
        } catch (IOException e) {
            // The lock's file is gone, and the lock goes with this process.
        }
    }

    private static FileChannel open(Path lock) throws IOException {
        return FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private static void sweep(Path below) throws IOException {
        List<Path> directories;
        try (Stream<Path> entries = Files.list(below)) {
            directories = entries.filter(entry -> entry.getFileName().toString().startsWith(PREFIX))
                    .toList();
        }
        for (Path directory : directories) {
            if (abandoned(directory.resolve(LOCK))) {
                remove(directory);
            }
        }
    }

    private static boolean abandoned(Path lock) {
        try {
            if (Files.getLastModifiedTime(lock)
                    .toInstant()
                    .isAfter(Instant.now().minus(YOUNG))) {
                return false;
            }
            try (FileChannel channel = open(lock)) {
                return channel.tryLock() != null;
            }
        } catch (OverlappingFileLockException e) {
            return false;
        } catch (IOException e) {
            // Somebody else's, or just gone.
            return false;
        }
    }

    private static void remove(Path directory) {
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path file : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // Nothing of value is in it, and the next boot of this machine clears it.
        }
    }
}
