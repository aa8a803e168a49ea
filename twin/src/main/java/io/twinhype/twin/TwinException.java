package io.twinhype.twin;

/** Whatever keeps a hypervisor from being built, verified or tried; the message is a sentence that says what to do. */
public sealed class TwinException extends Exception
        permits BuildException,
                CanaryException,
                DiskFullException,
                EditMismatchException,
                KernelFetchException,
                PatchException,
                SigningException,
                VerificationException {
    public TwinException(String message) {
        super(message);
    }

    public TwinException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The message, which is never missing. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    /** The message with the full stop that it needs where another sentence follows. */
    public String sentence() {
        String message = getMessage();
        return message.endsWith(".") ? message : message + ".";
    }
}
