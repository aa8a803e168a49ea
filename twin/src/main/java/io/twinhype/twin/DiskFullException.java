package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The disk that holds the cache is full. Nothing that was there before is lost. */
public final class DiskFullException extends TwinException {
    private static final String NO_SPACE = "No space left on device";
    private static final String QUOTA = "Disk quota exceeded";

    DiskFullException(Path place) {
        super("The disk that holds " + place + " is full" + free(place)
                + "; free some space there, or set XDG_CACHE_HOME to a directory on another disk.");
    }

    private DiskFullException(Path place, long free, long needed) {
        super("The disk that holds " + place + " has " + (free >> 20) + " MiB free, but " + (needed >> 20)
                + " MiB are needed; free some space there, or set XDG_CACHE_HOME to a directory on another disk.");
    }

    /** Looks before a leap that would end in the middle: apt does not end at all when the disk gets full under it. */
    static void require(long bytes, Path existing) throws DiskFullException {
        long free = usable(existing);
        if (free < bytes) {
            throw new DiskFullException(existing, free, bytes);
        }
    }

    /** Whether a tool's output or an exception's message, in the C locale, tells of a full disk. */
    static boolean saidIn(String text) {
        return text.contains(NO_SPACE)
                || text.contains(QUOTA)
                || text.contains("You don't have enough free space")
                || text.contains("ENOSPC");
    }

    /** Turns a failed file operation into a sentence, and one that failed for lack of space into this exception. */
    static TwinException explain(String doing, Path place, IOException cause) {
        if (saidIn(String.valueOf(cause.getMessage()))) {
            DiskFullException full = new DiskFullException(place);
            full.initCause(cause);
            return full;
        }
        return new TwinException(
                doing + " failed: " + cause.getMessage() + " ("
                        + cause.getClass().getSimpleName() + ")",
                cause);
    }

    private static String free(Path place) {
        Path existing = place.toAbsolutePath();
        while (!Files.exists(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        return " (" + (usable(existing) >> 20) + " MiB free)";
    }

    /** In bytes, by statvfs(3) alone: a FileStore wants the mount's entry in the mount table, which a chroot need not have. */
    private static long usable(Path existing) {
        return existing.toFile().getUsableSpace();
    }
}
