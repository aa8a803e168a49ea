package io.twinhype.qemu;

/**
 * Says why QEMU did not do what it was asked to. The kinds differ in what the caller may conclude: that is what
 * recovery is built on.
 */
public abstract sealed class QemuException extends Exception {

    private QemuException(String message) {
        super(message);
    }

    private QemuException(String message, Throwable cause) {
        super(message, cause);
    }

    /** QEMU answered with an error: the command had no effect. */
    public static final class Rejected extends QemuException {
        private final String command;
        private final String reason;

        /** Describes the refusal of {@code command} by the QEMU of the VM {@code vm}, in QEMU's own words. */
        public Rejected(String vm, String command, String reason) {
            super("QEMU of " + vm + " rejected " + command + ": " + reason);
            this.command = command;
            this.reason = reason;
        }

        /** Returns the QMP command that was refused. */
        public String command() {
            return command;
        }

        /** Returns QEMU's description, the member "desc" of the error object. */
        public String reason() {
            return reason;
        }
    }

    /** No answer came: the command may or may not have taken effect. Ask the world before acting on either. */
    public static final class OutcomeUnknown extends QemuException {
        /** Describes what was asked and how the answer got lost. */
        public OutcomeUnknown(String message) {
            super(message);
        }

        /** Describes what was asked and how the answer got lost. */
        public OutcomeUnknown(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** QEMU never got as far as answering: nothing runs. */
    public static final class NotStarted extends QemuException {
        /** Describes what was to be started and what its error output said. */
        public NotStarted(String message) {
            super(message);
        }

        /** Describes what was to be started and what stood in the way. */
        public NotStarted(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
