package io.twinhype.twin;

/** Whatever keeps a hypervisor from being built, verified or tried; the message is a sentence that says what to do. */
public sealed class TwinException extends Exception
        permits BuildException,
                CanaryException,
                DiskFullException,
                EditMismatchException,
                KernelFetchException,
                PatchException,
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

    /** The message as the sentence that it is. */
    public String sentence() {
        return getMessage();
    }
}
