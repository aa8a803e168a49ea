package io.twinhype.install;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Changes to files that are all made or none. Each new file is written beside its place and renamed into it; what was there
 * stays beside it until all is done. The names of both end so that depmod, modprobe, udev and run-parts pass them over.
 */
final class Changes {
    static final String NEW = ".twinhype-new";
    static final String OLD = ".twinhype-old";

    private interface Undo {
        void run() throws IOException;
    }

    private final Path root;
    private final Deque<Undo> undo = new ArrayDeque<>();
    private final List<Path> set = new ArrayList<>();
    private final List<String> directories = new ArrayList<>();

    Changes(Path root) {
        this.root = root;
    }

    /** The directories that were made, relative to the root. */
    List<String> directories() {
        return List.copyOf(directories);
    }

    void write(String path, byte[] content, boolean executable) throws IOException {
        Path target = root.resolve(path);
        makeDirectories(parent(target));
        Path fresh = beside(target, NEW);
        undo.push(() -> Files.deleteIfExists(fresh));
        try (FileChannel channel = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer buffer = ByteBuffer.wrap(content);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            // A name must not survive a power cut that its content does not.
            channel.force(true);
        }
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            setAside(target, true);
        } else {
            undo.push(() -> Files.deleteIfExists(target));
        }
        Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    void remove(String path) throws IOException {
        setAside(root.resolve(path), false);
    }

    private void setAside(Path target, boolean stays) throws IOException {
        Path old = beside(target, OLD);
        Files.deleteIfExists(old);
        undo.push(() -> {
            if (Files.exists(old, LinkOption.NOFOLLOW_LINKS)) {
                Files.move(old, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        });
        set.add(old);
        if (stays) {
            Files.copy(target, old, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
        } else {
            Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private void makeDirectories(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        makeDirectories(parent(directory));
        Files.createDirectory(directory);
        directories.add(root.relativize(directory).toString());
        undo.push(() -> Files.deleteIfExists(directory));
    }

    /** Takes everything back, the last change first, whatever single steps of it say. */
    void rollback(Exception reason) {
        while (!undo.isEmpty()) {
            try {
                undo.pop().run();
            } catch (IOException e) {
                reason.addSuppressed(e);
            }
        }
    }

    /** Throws away what was there before, and returns what could not be: nothing reads files of that name. */
    List<Path> commit() {
        List<Path> left = new ArrayList<>();
        for (Path old : set) {
            try {
                Files.deleteIfExists(old);
            } catch (IOException e) {
                left.add(old);
            }
        }
        undo.clear();
        return left;
    }

    /** The directory that holds a path; the root's is itself. */
    static Path parent(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }

    static Path beside(Path target, String suffix) {
        return target.resolveSibling(target.getFileName() + suffix);
    }

    /** Brings back the state before a change that a run was killed in. */
    static void recover(Path root, Intent intent) throws IOException {
        for (Intent.Target file : intent.files().reversed()) {
            Path target = root.resolve(file.path());
            Files.deleteIfExists(beside(target, NEW));
            Path old = beside(target, OLD);
            if (Files.exists(old, LinkOption.NOFOLLOW_LINKS)) {
                Files.move(old, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } else if (!file.existed()
                    && Files.exists(target)
                    && Hashes.of(target).equals(file.sha256())) {
                Files.delete(target);
            }
        }
    }

    /** Removes directories that are empty, the deepest first. */
    static List<String> removeEmpty(Path root, List<String> directories) throws IOException {
        List<String> left = new ArrayList<>();
        for (String directory : directories.stream().sorted().toList().reversed()) {
            try {
                Files.deleteIfExists(root.resolve(directory));
            } catch (DirectoryNotEmptyException e) {
                left.add(directory);
            }
        }
        return left;
    }
}
