package io.twinhype.lab;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.IntConsumer;
import java.util.random.RandomGenerator;

/**
 * The process under a lab that emulates its machine, QEMU or Bochs. It never outlives this process: setpriv(1) has the kernel kill it when the *thread* that
 * started it ends (PR_SET_PDEATHSIG, prctl(2)), so it is started from a platform thread that waits for its end.
 */
final class Emulator implements AutoCloseable {
    private final Process process;
    private final Path errors;
    private final Thread endWithUs;

    private Emulator(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        this.endWithUs = new Thread(process::destroyForcibly, "lab-shutdown");
        try {
            Runtime.getRuntime().addShutdownHook(endWithUs);
        } catch (IllegalStateException shuttingDown) {
            process.destroyForcibly();
        }
    }

    /** Starts QEMU; {@code ended} is told its exit status, from another thread. */
    static Emulator start(LabTools tools, List<String> arguments, Path directory, IntConsumer ended)
            throws LabException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                tools.setpriv().toString(),
                "--pdeathsig",
                "KILL",
                tools.taskset().toString(),
                "--cpu-list",
                String.valueOf(HostCpu.pick(RandomGenerator.getDefault())),
                tools.qemu().toString()));
        command.addAll(arguments);
        return start("QEMU", command, directory, ended);
    }

    /**
     * Starts an emulator in a directory, where what it says goes to a file, too.
     *
     * @param name for messages
     * @param command which sees to it that the process does not outlive the thread that started it
     * @param ended told the exit status, from another thread
     */
    static Emulator start(String name, List<String> command, Path directory, IntConsumer ended)
            throws LabException, InterruptedException {
        Path errors = directory.resolve("emulator-errors");
        CompletableFuture<Process> started = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("lab-emulator").start(() -> {
            try {
                Process process = new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
                        .redirectOutput(errors.toFile())
                        .redirectErrorStream(true)
                        .start();
                if (!started.complete(process)) {
                    // Whoever wanted it was interrupted meanwhile.
                    process.destroyForcibly();
                }
                ended.accept(waitFor(process));
            } catch (IOException e) {
                started.completeExceptionally(e);
            }
        });
        try {
            return new Emulator(started.get(), errors);
        } catch (InterruptedException e) {
            if (!started.cancel(false) && !started.isCompletedExceptionally()) {
                started.join().destroyForcibly();
            }
            throw e;
        } catch (ExecutionException e) {
            throw new LabException.Unprepared(name + " cannot be started: " + e.getMessage() + ".", e);
        }
    }

    /** This thread must live as long as the process, whatever interrupts it. */
    private static int waitFor(Process process) {
        while (true) {
            try {
                return process.waitFor();
            } catch (InterruptedException e) {
                process.destroyForcibly();
            }
        }
    }

    /** What QEMU itself said, on one line; empty if nothing. */
    String lastWords() {
        try {
            return String.join(" ", Files.readAllLines(errors, StandardCharsets.ISO_8859_1))
                    .strip();
        } catch (IOException e) {
            return "";
        }
    }

    long pid() {
        return process.pid();
    }

    /** Ends the machine, however it is, and returns when it is gone. */
    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
        try {
            Runtime.getRuntime().removeShutdownHook(endWithUs);
        } catch (IllegalStateException shuttingDown) {
            // The hook runs already, which is as good.
        }
    }
}
