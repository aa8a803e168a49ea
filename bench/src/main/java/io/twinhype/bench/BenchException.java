package io.twinhype.bench;

/** Says why there is nothing to report. The message is a sentence that names the object and what to do next. */
public final class BenchException extends Exception {
    BenchException(String message) {
        super(message);
    }

    BenchException(String message, Throwable cause) {
        super(message, cause);
    }
}
