package io.twinhype.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** A QEMU process and its monitor. */
public final class QemuProcess implements AutoCloseable {
    static final String SOCKET = "qmp.sock";
    static final String SPARE_SOCKET = "qmp2.sock";
    private static final String ERROR_OUTPUT = "stderr.log";
    private static final int LAST_LINES = 8;
    private static final Duration SHORTEST_NAP = Duration.ofMillis(10);
    private static final Duration LONGEST_NAP = Duration.ofMillis(80);

    private final String vm;
    private final Path directory;
    private final Duration timeout;
    private final CompletableFuture<Process> started = new CompletableFuture<>();
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private final Process process;
    private volatile QemuMonitor monitor;

    private QemuProcess(String vm, Path directory, List<String> command, Duration timeout)
            throws QemuException.NotStarted {
        this.vm = vm;
        this.directory = directory;
        this.timeout = timeout;
        // PR_SET_PDEATHSIG speaks of the thread that forked, not of its process: this one lives as long as QEMU.
        Thread.ofPlatform().daemon().name("qemu " + vm).start(() -> run(command));
        try {
            process = Waiting.get(started, timeout);
        } catch (ExecutionException | TimeoutException failed) {
            throw new QemuException.NotStarted(
                    "cannot run " + command.getFirst() + " for QEMU of " + vm + ": " + failed.getCause(), failed);
        }
        try {
            monitor = awaitMonitor();
        } catch (QemuException.NotStarted failed) {
            kill();
            throw failed;
        }
    }

    static QemuProcess start(String vm, Path directory, List<String> command, Duration timeout)
            throws QemuException.NotStarted {
        return new QemuProcess(vm, directory, command, timeout);
    }

    private void run(List<String> command) {
        Process running;
        try {
            running = new ProcessBuilder(command)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(directory.resolve(ERROR_OUTPUT).toFile())
                    .start();
        } catch (IOException unusable) {
            started.completeExceptionally(unusable);
            return;
        }
        started.complete(running);
        exit.complete(running.onExit().join().exitValue());
    }

    private QemuMonitor awaitMonitor() throws QemuException.NotStarted {
        long deadline = System.nanoTime() + timeout.toNanos();
        Duration nap = SHORTEST_NAP;
        while (true) {
            try {
                return new QemuMonitor(QmpSession.open(vm, directory.resolve(SOCKET), timeout));
            } catch (IOException notYet) {
                if (System.nanoTime() > deadline) {
                    throw new QemuException.NotStarted(
                            "QEMU of " + vm + " did not open its monitor within " + timeout.toSeconds() + " s"
                                    + describeErrors(),
                            notYet);
                }
            } catch (QemuException.OutcomeUnknown silent) {
                // It may just be dying, and then its own words say more.
                throw Waiting.until(exit, Duration.ofSeconds(2))
                        ? notStarted()
                        : new QemuException.NotStarted(
                                "QEMU of " + vm + " did not start: " + silent.getMessage() + describeErrors(), silent);
            }
            if (Waiting.until(exit, nap)) {
                throw notStarted();
            }
            // Looking costs time that a QEMU on the same, emulated CPU needs to get there.
            nap = nap.compareTo(LONGEST_NAP) < 0 ? nap.multipliedBy(2) : nap;
        }
    }

    private QemuException.NotStarted notStarted() {
        return new QemuException.NotStarted("QEMU of " + vm + " did not start: " + describeExit());
    }

    /** Returns the process id. */
    public long pid() {
        return process.pid();
    }

    /** Returns the monitor. */
    public QemuMonitor monitor() {
        return monitor;
    }

    /** Opens the monitor anew if its connection was lost. */
    public void reconnect() throws QemuException.OutcomeUnknown {
        if (monitor.session().state() == QmpSession.State.CLOSED) {
            monitor = openMonitor(SOCKET);
        }
    }

    /**
     * Opens a second monitor, for when the first one is lost or silent.
     *
     * @throws QemuException.OutcomeUnknown if QEMU does not answer there either
     */
    public QemuMonitor openSpareMonitor() throws QemuException.OutcomeUnknown {
        return openMonitor(SPARE_SOCKET);
    }

    private QemuMonitor openMonitor(String socket) throws QemuException.OutcomeUnknown {
        try {
            return new QemuMonitor(QmpSession.open(vm, directory.resolve(socket), timeout));
        } catch (IOException gone) {
            throw new QemuException.OutcomeUnknown(
                    "QEMU of " + vm + " can't be reached at its monitor " + directory.resolve(socket) + ": "
                            + gone.getMessage(),
                    gone);
        }
    }

    /** Says whether the process still exists. */
    public boolean alive() {
        return process.isAlive();
    }

    /** Returns what completes, with the exit status, when the process has ended. */
    public CompletableFuture<Integer> exit() {
        return exit.copy();
    }

    /** Waits for the end of the process; says whether it came in time. */
    public boolean awaitExit(Duration patience) {
        return Waiting.until(exit, patience);
    }

    /** Kills the process (SIGKILL) and waits for its end; says whether it is known to have ended. */
    public boolean kill() {
        process.destroyForcibly();
        return awaitExit(timeout);
    }

    /** Says in words how the process ended and what its last error output was. */
    public String describeExit() {
        if (!exit.isDone()) {
            return "it has not ended" + describeErrors();
        }
        int status = exit.getNow(-1);
        // The JDK reports a signal the way a shell does.
        String how = status > 128 ? "it was killed by signal " + (status - 128) : "it ended with status " + status;
        return how + describeErrors();
    }

    private String describeErrors() {
        String words = lastWords();
        return words.isEmpty() ? "" : "; it said: " + words;
    }

    /** Returns the last lines of its error output, joined by " | ". */
    public String lastWords() {
        try {
            List<String> lines = new String(Files.readAllBytes(directory.resolve(ERROR_OUTPUT)), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList();
            return String.join(" | ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
        } catch (IOException unreadable) {
            return "";
        }
    }

    /** Kills the process if it still runs, and closes the monitor. */
    @Override
    public void close() {
        kill();
        monitor.close();
    }
}
