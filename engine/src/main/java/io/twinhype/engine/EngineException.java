package io.twinhype.engine;

/** Says why something did not happen, and how things are now: the kinds differ in the latter. */
public abstract sealed class EngineException extends Exception {

    private EngineException(String message) {
        super(message);
    }

    private EngineException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Nothing was touched: the request can't be met as things are. */
    public static final class Refused extends EngineException {
        /** Describes what is in the way. */
        public Refused(String message) {
            super(message);
        }
    }

    /** The VM did not start and does not run. */
    public static final class NotStarted extends EngineException {
        /** Describes what kept it from starting. */
        public NotStarted(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** The VM did not move: it goes on where it was, which was checked. */
    public static final class NotMoved extends EngineException {
        /** Describes what failed. */
        public NotMoved(String message) {
            super(message);
        }
    }

    /** A hypervisor did not get its new build. */
    public static final class NotReplaced extends EngineException {
        /** Describes what failed, and which build is loaded now. */
        public NotReplaced(String message) {
            super(message);
        }
    }

    /** The VM does not run any more: its process died, and with it the guest, as in any crash of a VMM. */
    public static final class Ended extends EngineException {
        /** Describes which process died, and when. */
        public Ended(String message) {
            super(message);
        }
    }

    /**
     * The VM may run at one of two places, and nothing could be found out: neither was touched, lest it run in both. A
     * person must look.
     */
    public static final class Undecided extends EngineException {
        /** Describes the two processes and what to look at. */
        public Undecided(String message) {
            super(message);
        }
    }
}
