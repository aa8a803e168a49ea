package io.twinhype.twin;

/** The kernel's packages could not be had: no mirror, no matching versions, a download that is not what apt promised. */
public final class KernelFetchException extends TwinException {
    public KernelFetchException(String message) {
        super(message);
    }

    public KernelFetchException(String message, Throwable cause) {
        super(message, cause);
    }
}
