package io.twinhype.demo;

/** Says why the demo could not go on, in a sentence. */
public final class DemoException extends Exception {
    DemoException(String message) {
        super(message);
    }

    DemoException(String message, Throwable cause) {
        super(message, cause);
    }
}
