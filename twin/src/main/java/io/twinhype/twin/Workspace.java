package io.twinhype.twin;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * The sole right to change one directory of the cache, and a scratch directory on the same file system, from which finished
 * work is renamed into place. What a killed run left in scratch directories is removed by the next one.
 */
final class Workspace implements AutoCloseable {
    static final String PREFIX = ".work-";

    /** File locks exclude other processes only; these exclude the threads of this one. */
    private static final Map<Path, ReentrantLock> THREADS = new ConcurrentHashMap<>();

    private final ReentrantLock thread;
    private final FileChannel channel;
    private final FileLock lock;
    private final Path scratch;

    private Workspace(ReentrantLock thread, FileChannel channel, FileLock lock, Path scratch) {
        this.thread = thread;
        this.channel = channel;
        this.lock = lock;
        this.scratch = scratch;
    }

    /** Waits until no other run works in the directory, telling the user if that is not at once. */
    static Workspace in(Path directory, Progress progress) throws IOException, InterruptedException {
        Files.createDirectories(directory);
        Path key = directory.toRealPath();
        ReentrantLock thread = THREADS.computeIfAbsent(key, path -> new ReentrantLock());
        thread.lockInterruptibly();
        try {
            FileChannel channel =
                    FileChannel.open(key.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                FileLock lock = channel.tryLock();
                if (lock == null) {
                    progress.note("Another run of twinhype works in " + directory + "; waiting for it to finish.");
                    lock = channel.lock();
                }
                removeLeftovers(key);
                return new Workspace(thread, channel, lock, Files.createTempDirectory(key, PREFIX));
            } catch (Throwable e) {
                channel.close();
                throw e;
            }
        } catch (Throwable e) {
            thread.unlock();
            throw e;
        }
    }

    /** An empty directory that goes away on {@link #close}. */
    Path scratch() {
        return scratch;
    }

    @Override
    public void close() throws IOException {
        try {
            Trees.delete(scratch);
        } finally {
            try {
                lock.release();
                channel.close();
            } finally {
                thread.unlock();
            }
        }
    }

    private static void removeLeftovers(Path directory) throws IOException {
        List<Path> leftovers;
        try (Stream<Path> entries = Files.list(directory)) {
            leftovers = entries.filter(entry -> entry.getFileName().toString().startsWith(PREFIX))
                    .toList();
        }
        for (Path leftover : leftovers) {
            Trees.delete(leftover);
        }
    }
}
