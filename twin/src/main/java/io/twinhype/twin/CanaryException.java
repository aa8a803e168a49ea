package io.twinhype.twin;

/** The canary guest could not be started or did something it can't do; the message names the device. */
public final class CanaryException extends TwinException {
    public CanaryException(String message) {
        super(message);
    }

    public CanaryException(String message, Throwable cause) {
        super(message, cause);
    }
}
