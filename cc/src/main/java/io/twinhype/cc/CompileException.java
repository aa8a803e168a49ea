package io.twinhype.cc;

/** Says why something could not be compiled; the message says what to do. */
public final class CompileException extends Exception {
    /** Describes what went wrong and what to do about it. */
    public CompileException(String message) {
        super(message);
    }

    /** Describes what went wrong and what to do about it. */
    public CompileException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The sentence that the constructor took; never missing. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
