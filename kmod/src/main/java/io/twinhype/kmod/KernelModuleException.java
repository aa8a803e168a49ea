package io.twinhype.kmod;

/** Says which kernel module is missing or can't be read; the message is a sentence that says what to do. */
public final class KernelModuleException extends Exception {
    KernelModuleException(String message) {
        super(message);
    }

    KernelModuleException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The message, which is never missing. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
