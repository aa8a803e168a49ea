package io.twinhype.lab;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads what Bochs draws, so that it can go on. Bochs with a debugger draws on a pseudo-terminal of its own, whose name it
 * says; its blinking cursor alone fills that after some minutes, and then Bochs waits for ever in write(2).
 */
final class BochsScreen implements AutoCloseable {
    private static final Pattern CONNECTED = Pattern.compile("connected to screen \"(/dev/pts/\\d+)\"");

    private Optional<Process> reader = Optional.empty();

    /** Where Bochs draws, according to what it said; empty if it has not said so yet. */
    static Optional<String> terminal(String said) {
        Matcher connected = CONNECTED.matcher(said);
        return connected.find() ? Optional.of(connected.group(1)) : Optional.empty();
    }

    /**
     * Begins to read once Bochs has said where; to be asked often. The reader is a process, since a terminal that is opened
     * by a session's leader may become that session's own (tty(4)); it ends when Bochs closes its side.
     */
    void read(Emulator bochs) throws LabException {
        if (reader.isPresent()) {
            return;
        }
        Optional<String> terminal = terminal(bochs.lastWords());
        if (terminal.isPresent()) {
            try {
                reader = Optional.of(new ProcessBuilder("cat", terminal.get())
                        .redirectOutput(Redirect.DISCARD)
                        .redirectError(Redirect.DISCARD)
                        .start());
            } catch (IOException e) {
                throw new LabException.Unprepared("The screen of Bochs cannot be read: " + e.getMessage() + ".", e);
            }
        }
    }

    @Override
    public void close() {
        reader.ifPresent(Process::destroyForcibly);
    }
}
