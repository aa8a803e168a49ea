package io.twinhype.graft;

import io.twinhype.linux.Errno;

/** Says why a VMM's library did not do what it was asked to. The kinds differ in what the caller may conclude. */
public abstract sealed class GraftException extends Exception {
    private GraftException(String message) {
        super(message);
    }

    private GraftException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The sentence that the constructor took; never missing. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    /** Nothing was done: the VM has something that can't be carried, or the request was wrong. */
    public static final class Refused extends GraftException {
        /** Takes the library's own sentence. */
        public Refused(String sentence) {
            super(sentence);
        }
    }

    /** A step failed, all before it were undone: the VM goes on on the hypervisor it was on. */
    public static final class Failed extends GraftException {
        private final String step;
        private final transient Errno errno;

        /** Describes the step that failed. */
        public Failed(String step, Errno errno, String sentence) {
            super("the step " + step + " failed: " + (sentence.isEmpty() ? errno.toString() : sentence + ", " + errno));
            this.step = step;
            this.errno = errno;
        }

        /** Returns the step, one of {@link Graft#steps}. */
        public String step() {
            return step;
        }

        /** Returns why. */
        public Errno errno() {
            return errno;
        }
    }

    /** The library could not be asked: nothing was done. */
    public static final class Unreachable extends GraftException {
        /** Describes what is in the way, and what to do. */
        public Unreachable(String message) {
            super(message);
        }

        /** Describes what is in the way, and what to do. */
        public Unreachable(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** The order was given and no answer came: the graft may or may not have been done. */
    public static final class OutcomeUnknown extends GraftException {
        /** Describes how the answer got lost. */
        public OutcomeUnknown(String message) {
            super(message);
        }

        /** Describes how the answer got lost. */
        public OutcomeUnknown(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
