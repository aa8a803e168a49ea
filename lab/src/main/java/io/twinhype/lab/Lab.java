package io.twinhype.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A nested machine in which commands of this machine run on a kernel of their own, with kernel modules that this machine
 * must not load. It is emulated (no hardware virtualization, no privileges needed), sees this machine's files read-only
 * under a throw-away overlay, and is gone with its last trace when the command ends.
 *
 * <p>Each run boots a fresh machine; runs are independent and may be made in parallel.
 */
public final class Lab {
    /** A run's time limit unless something else is asked for. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(10);

    /** A terminal stays as long as its user. */
    private static final Duration NO_LIMIT = Duration.ofDays(3650);

    private static final int MOST_BOOTS = 3;

    static final String CONTROL = "control";
    static final String STDOUT = "stdout";
    static final String STDERR = "stderr";
    static final String TERMINAL = "terminal";

    private final LabSpec spec;
    private final LabTools tools;

    private Lab(LabSpec spec, LabTools tools) {
        this.spec = spec;
        this.tools = tools;
    }

    /**
     * A lab made with the programs on this process's {@code PATH}.
     *
     * @throws LabException.Unprepared if a program or a file of the kernel is missing
     */
    public static Lab of(LabSpec spec) throws LabException {
        spec.kernel().checked();
        return new Lab(spec, LabTools.in(System.getenv()));
    }

    /**
     * Boots the lab, runs a command in it to its end, and powers it off. The command's standard input is empty.
     *
     * @param command to run
     * @param out the results directory, made if missing: writable in the lab at the same path, which the command finds in
     *     {@code LAB_OUT}. The kernel's {@code console.log} is written there, too.
     * @param timeout after which the lab is ended, boot included
     * @param output where the command's output goes as it comes
     * @throws LabException if the command did not run to its end
     * @throws InterruptedException if this thread was interrupted; the lab is gone by then
     */
    public LabResult run(LabCommand command, Path out, Duration timeout, LabOutput output)
            throws LabException, InterruptedException {
        return booting(timeout, left -> attempt(command, out, left, output));
    }

    @FunctionalInterface
    private interface Attempt {
        LabResult within(Duration left) throws LabException, InterruptedException;
    }

    /** Boots again a machine that stood still. */
    private static LabResult booting(Duration timeout, Attempt attempt) throws LabException, InterruptedException {
        long start = System.nanoTime();
        Duration left = timeout;
        for (int boots = 1; ; boots++) {
            try {
                return attempt.within(left);
            } catch (LabException.NotBooted e) {
                // Seen under load, in 1 of 25 boots without any module: QEMU's emulation stands still while the kernel
                // patches its own code (before "Freeing SMP alternatives memory"). The command has not begun: boot
                // again.
                if (!e.stuck() || boots == MOST_BOOTS) {
                    throw e;
                }
                keep(e.consoleLog());
                left = timeout.minusNanos(System.nanoTime() - start);
            }
        }
    }

    /** The console of a boot that stood still, for who looks for the cause. */
    private static void keep(Path consoleLog) {
        try {
            Files.move(consoleLog, consoleLog.resolveSibling("console-stuck.log"), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            // The next boot overwrites it; nothing depends on it.
            return;
        }
    }

    private LabResult attempt(LabCommand command, Path out, Duration timeout, LabOutput output)
            throws LabException, InterruptedException {
        try (ResultsDirectory results = ResultsDirectory.open(out);
                WorkDirectory work = WorkDirectory.create(temporary());
                Port control = Port.listen(work.path(), CONTROL);
                Port stdout = Port.listen(work.path(), STDOUT);
                Port stderr = Port.listen(work.path(), STDERR)) {
            BlockingQueue<LabMessage> messages = new LinkedBlockingQueue<>();
            CompletableFuture<Void> said = control.read(stream -> readMessages(stream, messages));
            List<CompletableFuture<Void>> pumps = List.of(
                    stdout.read(in -> copy(in, output.stdout(), messages)),
                    stderr.read(in -> copy(in, output.stderr(), messages)));
            LabScript script = new LabScript(command, results.path(), Optional.empty());
            LabRun run = new LabRun(
                    spec, tools, script, results.consoleLog(), work.path(), List.of(control, stdout, stderr));
            LabResult result = run.await(messages, said, timeout, output.booted());
            for (CompletableFuture<Void> pump : pumps) {
                pump.join();
            }
            // The last of the output may have failed after the end of the run.
            for (LabMessage message : messages) {
                if (message instanceof LabMessage.OutputFailed failed) {
                    throw LabRun.outputLost(failed);
                }
            }
            return result;
        }
    }

    /**
     * Boots the lab, gives a command a terminal in it until it ends, and powers it off. Three times Ctrl-] within a second
     * ends the lab whatever it does; the exit status is 130 then.
     *
     * @param command to run, usually a shell
     * @param out the results directory, as for {@link #run}
     * @param terminal the user's, in raw mode
     * @throws LabException if the command did not run to its end
     * @throws InterruptedException if this thread was interrupted; the lab is gone by then
     */
    public LabResult shell(LabCommand command, Path out, LabTerminal terminal)
            throws LabException, InterruptedException {
        Keyboard keyboard = Keyboard.of(terminal);
        return booting(NO_LIMIT, left -> attempt(command, out, left, terminal, keyboard));
    }

    private LabResult attempt(LabCommand command, Path out, Duration left, LabTerminal terminal, Keyboard keyboard)
            throws LabException, InterruptedException {
        try (ResultsDirectory results = ResultsDirectory.open(out);
                WorkDirectory work = WorkDirectory.create(temporary());
                Port control = Port.listen(work.path(), CONTROL);
                Port screen = Port.listen(work.path(), TERMINAL)) {
            BlockingQueue<LabMessage> messages = new LinkedBlockingQueue<>();
            CompletableFuture<Void> said = control.read(stream -> readMessages(stream, messages));
            CompletableFuture<Void> shown = screen.read(stream -> copy(stream, terminal.output(), messages));
            keyboard.connect(screen.output(), control.output(), () -> messages.add(new LabMessage.GivenUp()));
            LabScript script = new LabScript(command, results.path(), Optional.of(terminal.size()));
            LabRun run = new LabRun(spec, tools, script, results.consoleLog(), work.path(), List.of(control, screen));
            LabResult result = run.await(messages, said, left, bootTime -> {});
            shown.join();
            return result;
        }
    }

    private static void readMessages(InputStream stream, BlockingQueue<LabMessage> messages) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
        String line = lines.readLine();
        while (line != null) {
            messages.add(LabMessage.parse(line));
            line = lines.readLine();
        }
    }

    /** Passes a stream on until its end. Once that fails, the rest is read and dropped, so that nothing waits for it. */
    private static void copy(InputStream from, OutputStream to, BlockingQueue<LabMessage> messages) throws IOException {
        byte[] buffer = new byte[65536];
        boolean passing = true;
        for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
            try {
                if (passing) {
                    to.write(buffer, 0, count);
                    to.flush();
                }
            } catch (IOException e) {
                passing = false;
                messages.add(new LabMessage.OutputFailed(e));
            }
        }
    }

    /** As other programs choose it; the JDK alone would not look at TMPDIR. */
    static Path temporary() {
        String chosen = System.getenv().getOrDefault("TMPDIR", "");
        return chosen.isEmpty() ? Path.of(System.getProperty("java.io.tmpdir")) : Path.of(chosen);
    }
}
