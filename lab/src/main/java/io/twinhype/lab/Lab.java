package io.twinhype.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
        return new Lab(spec, LabTools.on(System.getenv().getOrDefault("PATH", "/usr/bin:/bin")));
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
        Path results = resultsDirectory(out);
        LabScript script = new LabScript(command, results, Optional.empty());
        try (WorkDirectory work = WorkDirectory.create();
                Port control = Port.listen(work.path(), CONTROL);
                Port stdout = Port.listen(work.path(), STDOUT);
                Port stderr = Port.listen(work.path(), STDERR)) {
            BlockingQueue<LabMessage> messages = new LinkedBlockingQueue<>();
            CompletableFuture<Optional<IOException>> said = control.read(stream -> readMessages(stream, messages));
            List<CompletableFuture<Optional<IOException>>> pumps =
                    List.of(stdout.read(in -> copy(in, output.stdout())), stderr.read(in -> copy(in, output.stderr())));
            LabRun run = new LabRun(spec, tools, script, work.path(), List.of(control, stdout, stderr));
            LabResult result = run.await(messages, said, timeout, output.booted());
            for (CompletableFuture<Optional<IOException>> pump : pumps) {
                Optional<IOException> failure = pump.join();
                if (failure.isPresent()) {
                    throw new LabException.OutputLost(
                            "The command's output could not be passed on: "
                                    + failure.get().getMessage() + ".",
                            failure.get());
                }
            }
            return result;
        }
    }

    private static Path resultsDirectory(Path out) throws LabException {
        Path results = out.toAbsolutePath().normalize();
        try {
            Files.createDirectories(results);
            if (!Files.isWritable(results)) {
                throw new LabException.Unprepared(
                        "The results directory " + results + " is not writable: choose another one.");
            }
            Files.deleteIfExists(results.resolve(LabRun.CONSOLE_LOG));
            return results;
        } catch (IOException e) {
            throw new LabException.Unprepared(
                    "The results directory " + results + " cannot be made (" + e + "): choose another one.", e);
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

    private static void copy(InputStream from, OutputStream to) throws IOException {
        byte[] buffer = new byte[65536];
        int count = from.read(buffer);
        while (count >= 0) {
            to.write(buffer, 0, count);
            to.flush();
            count = from.read(buffer);
        }
    }
}
