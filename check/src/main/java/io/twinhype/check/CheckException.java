package io.twinhype.check;

/** Says why the checker could not be built; the message says what to do. */
public final class CheckException extends Exception {
    /** Describes what went wrong and what to do about it. */
    public CheckException(String message) {
        super(message);
    }

    /** Describes what went wrong and what to do about it. */
    public CheckException(String message, Throwable cause) {
        super(message, cause);
    }
}
