package io.twinhype.lab;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Says why the lab did not run a command to its end. The message is a sentence that names the object and what to do next.
 *
 * <p>A command that ran and failed is no exception: its exit status is in the {@link LabResult}.
 */
public abstract sealed class LabException extends Exception {
    private LabException(String message) {
        super(message);
    }

    private LabException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Something the lab needs on this machine is missing or unusable: a program, a kernel file, a directory. */
    public static final class Unprepared extends LabException {
        Unprepared(String message) {
            super(message);
        }

        Unprepared(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** The lab did not get as far as running the command. */
    public static final class NotBooted extends LabException {
        private final Path consoleLog;

        private final boolean stuck;

        NotBooted(String message, Path consoleLog) {
            this(message, consoleLog, false);
        }

        NotBooted(String message, Path consoleLog, boolean stuck) {
            super(message + " The lab's console is in " + consoleLog + ".");
            this.consoleLog = consoleLog;
            this.stuck = stuck;
        }

        /** Whether the machine did nothing wrong but stand still, before anything of the command's had begun. */
        boolean stuck() {
            return stuck;
        }

        /** What the lab's kernel printed. */
        public Path consoleLog() {
            return consoleLog;
        }
    }

    /** The lab's kernel refused to load a module. */
    public static final class ModuleRefused extends LabException {
        private final String module;
        private final List<String> kernelLines;

        ModuleRefused(String module, String reason, List<String> kernelLines, Path consoleLog) {
            super("The lab's kernel refused module " + module + ": " + reason + "."
                    + (kernelLines.isEmpty()
                            ? " It printed nothing about it."
                            : " Its words: " + String.join(" | ", kernelLines) + ".")
                    + " The lab's console is in " + consoleLog + ".");
            this.module = module;
            this.kernelLines = List.copyOf(kernelLines);
        }

        /** The module's file name. */
        public String module() {
            return module;
        }

        /** What the kernel printed from the attempt on, oldest line first. */
        public List<String> kernelLines() {
            return kernelLines;
        }
    }

    /** The lab's machine ended before the command did: its kernel panicked, or QEMU was killed. */
    public static final class MachineLost extends LabException {
        private final List<String> kernelLines;

        MachineLost(String message, List<String> kernelLines, Path consoleLog) {
            super(message + " The lab's console is in " + consoleLog + ".");
            this.kernelLines = List.copyOf(kernelLines);
        }

        /** The kernel's complaints before the end, oldest first; empty if it printed none. */
        public List<String> kernelLines() {
            return kernelLines;
        }
    }

    /** The command was still running when its time was over; the lab was ended. */
    public static final class TimedOut extends LabException {
        private final Duration limit;
        private final List<String> kernelLines;

        TimedOut(Duration limit, String doing, List<String> kernelLines, Path consoleLog) {
            super("The lab was ended after " + limit.toSeconds() + " s, its time limit, while " + doing
                    + (kernelLines.isEmpty()
                            ? ". Allow more time, or see"
                            : ", and its kernel had complained: " + kernelLines.getFirst() + ". See")
                    + " the lab's console in " + consoleLog + ".");
            this.limit = limit;
            this.kernelLines = List.copyOf(kernelLines);
        }

        /** The kernel's complaints before the end, oldest first; empty if it printed none. */
        public List<String> kernelLines() {
            return kernelLines;
        }

        /** How long the lab was allowed to run. */
        public Duration limit() {
            return limit;
        }
    }

    /** The command's output, or the lab's own, could not be passed on, for instance because the disk under it is full. */
    public static final class OutputLost extends LabException {
        OutputLost(String message) {
            super(message);
        }

        OutputLost(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
