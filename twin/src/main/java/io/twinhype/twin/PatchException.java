package io.twinhype.twin;

/** A source patch does not apply; the message names its file, the hunk and the place. */
public final class PatchException extends TwinException {
    public PatchException(String message) {
        super(message);
    }
}
