package io.twinhype.twin;

/** A module could not be built; the message has the compiler's first errors and where the whole log is. */
public final class BuildException extends TwinException {
    public BuildException(String message) {
        super(message);
    }

    public BuildException(String message, Throwable cause) {
        super(message, cause);
    }
}
