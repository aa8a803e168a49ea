package io.twinhype.cli;

import io.twinhype.lab.Lab;
import io.twinhype.lab.LabCommand;
import io.twinhype.lab.LabResult;
import io.twinhype.lab.LabTerminal;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.ControlChar;
import org.jline.terminal.Attributes.InputFlag;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Attributes.OutputFlag;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeExceptionMapper;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Opens a terminal in the lab. */
@Command(
        name = "shell",
        description = "Boot the lab and open a shell in it, in this terminal.",
        footerHeading = "%nExample:%n",
        footer = {
            "  twinhype lab shell --hypervisors stock",
            "",
            "Leave it with `exit`. If it hangs, type Ctrl-] three times.",
            "Exit status: the shell's own; 70, 125 and 127 as for `twinhype lab run`; 130 after Ctrl-]."
        })
final class LabShellCommand implements Callable<Integer>, IExitCodeExceptionMapper {
    @Mixin
    private LabOptions options = new LabOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (Optional.ofNullable(System.console()).filter(Console::isTerminal).isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "lab shell needs a terminal: use `twinhype lab run` in scripts.");
        }
        Lab lab = options.lab();
        String shell = System.getenv().getOrDefault("SHELL", "/bin/sh");
        Map<String, String> environment = options.environment();
        LabResult result;
        try (Terminal terminal = TerminalBuilder.builder()
                .system(true)
                .dumb(false)
                // Else it asks the terminal what it can do, and the answers would be typed into the lab.
                .graphemeCluster(false)
                .build()) {
            terminal.writer().println("Booting the lab; Ctrl-] three times ends it whatever it does.");
            terminal.flush();
            Attributes usual = terminal.getAttributes();
            terminal.setAttributes(raw(usual));
            try {
                result = lab.shell(
                        new LabCommand(
                                List.of(Files.isExecutable(Path.of(shell)) ? shell : "/bin/sh"),
                                Path.of(""),
                                environment),
                        options.out(),
                        new JLineTerminal(terminal));
            } finally {
                terminal.setAttributes(usual);
            }
        }
        return LabRunCommand.status(result, spec.commandLine().getErr());
    }

    /** Every key to the lab, every character as the lab wrote it (termios(3), cfmakeraw). */
    private static Attributes raw(Attributes usual) {
        Attributes raw = new Attributes(usual);
        raw.setInputFlags(
                EnumSet.of(
                        InputFlag.IGNBRK,
                        InputFlag.BRKINT,
                        InputFlag.PARMRK,
                        InputFlag.ISTRIP,
                        InputFlag.INLCR,
                        InputFlag.IGNCR,
                        InputFlag.ICRNL,
                        InputFlag.IXON),
                false);
        raw.setOutputFlag(OutputFlag.OPOST, false);
        raw.setLocalFlags(
                EnumSet.of(LocalFlag.ECHO, LocalFlag.ECHONL, LocalFlag.ICANON, LocalFlag.ISIG, LocalFlag.IEXTEN),
                false);
        raw.setControlChar(ControlChar.VMIN, 1);
        raw.setControlChar(ControlChar.VTIME, 0);
        return raw;
    }

    @Override
    public int getExitCode(Throwable exception) {
        return LabRunCommand.LAB_FAILED;
    }

    /**
     * The terminal under this process. It is read and written directly: closing JLine's own input waits for a key if a read
     * is under way.
     */
    private record JLineTerminal(Terminal terminal) implements LabTerminal {
        @Override
        public InputStream input() {
            return new FileInputStream(FileDescriptor.in);
        }

        @Override
        public OutputStream output() {
            return new FileOutputStream(FileDescriptor.out);
        }

        @Override
        public Size size() {
            return new Size(terminal.getSize().getRows(), terminal.getSize().getColumns());
        }

        @Override
        public void onResize(Consumer<Size> listener) {
            terminal.handle(Terminal.Signal.WINCH, signal -> listener.accept(size()));
        }
    }
}
