package io.twinhype.guest;

/** Says why the small guest could not be built or heard; the message says what to do. */
public final class GuestException extends Exception {
    /** Describes what went wrong and what to do about it. */
    public GuestException(String message) {
        super(message);
    }

    /** Describes what went wrong and what to do about it. */
    public GuestException(String message, Throwable cause) {
        super(message, cause);
    }
}
