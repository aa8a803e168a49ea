package io.twinhype.soak;

/** Says why the soak could not go on, in a sentence. */
public final class SoakException extends Exception {
    SoakException(String message) {
        super(message);
    }

    SoakException(String message, Throwable cause) {
        super(message, cause);
    }
}
