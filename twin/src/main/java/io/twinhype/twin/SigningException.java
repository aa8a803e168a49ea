package io.twinhype.twin;

/** A module could not be signed, or the kernel would not accept it for its signature. */
public final class SigningException extends TwinException {
    public SigningException(String message) {
        super(message);
    }

    public SigningException(String message, Throwable cause) {
        super(message, cause);
    }
}
