package io.twinhype.install;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The sole right to change an installation: a kernel's hook and an operator may come at the same time. */
final class HostLock implements AutoCloseable {
    private final Path directory;
    private final FileChannel channel;

    private HostLock(Path directory, FileChannel channel) {
        this.directory = directory;
        this.channel = channel;
    }

    static HostLock on(Path directory) throws IOException, InstallException {
        Files.createDirectories(directory);
        Path file = directory.resolve("lock");
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        // A run that ended meanwhile has removed the file it held: a lock on that would exclude nobody.
        if (tried(channel) == null || !Files.exists(file)) {
            channel.close();
            throw new InstallException("Another run of twinhype is changing this installation (it holds " + file
                    + "); wait until it has ended and try again.");
        }
        return new HostLock(directory, channel);
    }

    private static @Nullable FileLock tried(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /** Leaves nothing where nothing is installed. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(directory.resolve("lock"));
        channel.close();
        Changes.removeEmpty(directory, List.of(""));
    }
}
