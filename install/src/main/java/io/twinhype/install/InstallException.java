package io.twinhype.install;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;

/** The hypervisors could not be installed or removed; the message is a sentence that says what to do. */
public final class InstallException extends Exception {
    public InstallException(String message) {
        super(message);
    }

    public InstallException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The message, which is never missing. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    /** Turns a file operation that failed into a sentence. */
    static InstallException of(Path place, IOException cause) {
        String said = String.valueOf(cause.getMessage());
        if (said.contains("No space left on device") || said.contains("Disk quota exceeded")) {
            return new InstallException(
                    "The disk that holds " + place + " is full ("
                            + (place.toAbsolutePath().getRoot() == null ? 0 : usable(place) >> 20)
                            + " MiB free); free some space there and try again.",
                    cause);
        }
        if (said.contains("Read-only file system")) {
            return new InstallException(
                    place + " is on a read-only file system; remount it writable (mount -o remount,rw …), or name"
                            + " another --root.",
                    cause);
        }
        if (cause instanceof AccessDeniedException || said.contains("Operation not permitted")) {
            return new InstallException(
                    "You may not write " + place + "; run this as root, for instance with sudo.", cause);
        }
        return new InstallException(
                place + " could not be changed: " + said + " ("
                        + cause.getClass().getSimpleName() + ").",
                cause);
    }

    private static long usable(Path place) {
        Path existing = place.toAbsolutePath();
        while (!existing.toFile().exists() && existing.getParent() != null) {
            existing = existing.getParent();
        }
        return existing.toFile().getUsableSpace();
    }
}
