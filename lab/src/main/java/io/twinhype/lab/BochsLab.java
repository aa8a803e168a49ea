package io.twinhype.lab;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A lab with an Intel processor: the machine is emulated by Bochs, which has VMX, as QEMU's emulation has not. It runs some
 * 50 million instructions a second and boots in half a minute, so it is for small programs. It sees nothing of this
 * machine's files: there is busybox, and what the {@link BochsSpec} names.
 *
 * <p>Each run boots a fresh machine; runs are independent and may be made in parallel.
 */
public final class BochsLab {
    /** A run's time limit unless something else is asked for. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(10);

    private final BochsSpec spec;
    private final BochsTools tools;

    private BochsLab(BochsSpec spec, BochsTools tools) {
        this.spec = spec;
        this.tools = tools;
    }

    /**
     * A lab made with the programs on this process's {@code PATH}.
     *
     * @throws LabException.Unprepared if a program or a file of the kernel is missing
     */
    public static BochsLab of(BochsSpec spec) throws LabException {
        return of(spec, System.getenv());
    }

    /** What the installed Bochs says that it is; {@code unknown} if it cannot be asked. */
    public static String version() {
        try {
            Process bochs = new ProcessBuilder("bochs-bin", "--help", "cpu")
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectErrorStream(true)
                    .start();
            try (InputStream said = bochs.getInputStream()) {
                return new String(said.readAllBytes(), StandardCharsets.ISO_8859_1)
                        .lines()
                        .map(String::strip)
                        .filter(line -> line.startsWith("Bochs x86 Emulator"))
                        .findFirst()
                        .orElse("unknown");
            }
        } catch (IOException e) {
            return "unknown";
        }
    }

    static BochsLab of(BochsSpec spec, Map<String, String> environment) throws LabException {
        spec.kernel().checked();
        return new BochsLab(spec, BochsTools.in(environment));
    }

    /**
     * Boots the lab, runs a command in it to its end, and powers it off. The command is looked for in {@code /bin}, its
     * standard input is empty, its working directory is {@code /root}.
     *
     * @param words the program and its arguments; never looked at by a shell
     * @param out the results directory, made if missing, for the kernel's {@code console.log}; the command cannot see it
     * @param timeout after which the lab is ended, boot included
     * @param output where the command's output goes as it comes
     * @return what became of it; complaints of the kernel from before the first program are about Bochs and not among them
     * @throws LabException if the command did not run to its end
     * @throws InterruptedException if this thread was interrupted; the lab is gone by then
     */
    public LabResult run(List<String> words, Path out, Duration timeout, LabOutput output)
            throws LabException, InterruptedException {
        if (words.isEmpty()) {
            throw new IllegalArgumentException("There is no command to run in the lab: name one after `--`.");
        }
        try (ResultsDirectory results = ResultsDirectory.open(out);
                WorkDirectory work = WorkDirectory.create(Lab.temporary())) {
            BochsImage.of(tools, spec, words).writeTo(work.path());
            BochsMachine machine = new BochsMachine(tools, spec);
            try {
                Files.writeString(work.path().resolve(BochsMachine.SETTINGS), machine.settings());
                Files.writeString(work.path().resolve(BochsMachine.DEBUGGER_COMMANDS), "c\n");
            } catch (IOException e) {
                throw new LabException.Unprepared(
                        "Bochs' settings cannot be written to " + work.path() + " (" + e + "). Free some space.", e);
            }
            return new BochsRun(work.path(), results.consoleLog(), timeout, output).await(machine.command());
        }
    }
}
