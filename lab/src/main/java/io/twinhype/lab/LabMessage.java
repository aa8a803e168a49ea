package io.twinhype.lab;

import java.io.IOException;

/**
 * What the lab says to the host on its control port, one line each (written by init.sh and supervise.sh), and what the
 * host sees of the lab's machine.
 */
sealed interface LabMessage {
    /** The command is about to start. */
    record Running() implements LabMessage {}

    /** The command ended; its output may still be under way. */
    record Exited(int status) implements LabMessage {}

    /** All output and all results have been handed over; the machine powers off now. */
    record Drained() implements LabMessage {}

    /** insmod could not load a module. */
    record Refused(String module, String reason) implements LabMessage {}

    /** The lab could not be set up. */
    record Failed(String reason) implements LabMessage {}

    /** QEMU ended. */
    record MachineEnded(int status) implements LabMessage {}

    /** The user of the terminal wants the lab to end. */
    record GivenUp() implements LabMessage {}

    /** What the command wrote could not be passed on. */
    record OutputFailed(IOException cause) implements LabMessage {}

    /** A line that no script of ours writes. */
    record Unknown(String line) implements LabMessage {}

    static LabMessage parse(String line) {
        String[] words = line.strip().split(" ", 2);
        String rest = words.length > 1 ? words[1].strip() : "";
        return switch (words[0]) {
            case "running" -> new Running();
            case "drained" -> new Drained();
            case "exited" -> rest.matches("\\d{1,3}") ? new Exited(Integer.parseInt(rest)) : new Unknown(line);
            case "refused" -> refused(rest);
            case "failed" -> new Failed(rest);
            default -> new Unknown(line);
        };
    }

    private static LabMessage refused(String rest) {
        int space = rest.indexOf(' ');
        return space < 0
                ? new Refused(rest, "insmod gave no reason")
                : new Refused(
                        rest.substring(0, space), rest.substring(space + 1).strip());
    }
}
