package io.twinhype.twin;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Runs a program of the machine in the C locale, without a shell. When the calling thread is interrupted or the JVM ends,
 * the program and all it started end, too; also when the JVM is killed, since a compilation that goes on would write into
 * the tree of the next one.
 */
final class Tool {
    /**
     * setpriv(1), of util-linux: has the program told to end when the thread that started it does (PR_SET_PDEATHSIG), which
     * is the one that waits for it. SIGTERM, which make passes on to all it has started.
     */
    private static final List<String> BOUND_TO_US = List.of("setpriv", "--pdeathsig", "TERM");

    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Tool::endAll, "end tools"));
    }

    private final List<String> command;
    private final Map<String, String> environment;
    private final Path directory;

    Tool(List<String> command, Path directory, Map<String, String> environment) {
        this.command = List.copyOf(command);
        this.directory = directory;
        this.environment = Map.copyOf(environment);
    }

    Tool(Path directory, String... command) {
        this(List.of(command), directory, Map.of());
    }

    /**
     * How the program ended.
     *
     * @param status its exit status
     * @param output what it wrote to its standard output
     * @param errors what it wrote to its standard error
     */
    record Result(int status, String output, String errors) {
        boolean succeeded() {
            return status == 0;
        }

        String all() {
            return output + errors;
        }
    }

    /** Whether a program of that name is in a directory of PATH. */
    static boolean isInstalled(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }

    /** Runs the program to its end, with nothing on its standard input. */
    Result run() throws IOException, TwinException, InterruptedException {
        // By pipes, not files: nothing to be left behind by a JVM that is killed.
        CompletableFuture<String> output = new CompletableFuture<>();
        CompletableFuture<String> errors = new CompletableFuture<>();
        int status = await(builder(), process -> {
            read(process.getInputStream(), output);
            read(process.getErrorStream(), errors);
        });
        return new Result(status, output.join(), errors.join());
    }

    private static void read(InputStream stream, CompletableFuture<String> text) {
        Thread.ofVirtual().start(() -> {
            try (stream) {
                text.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                // The stream was closed because the program was ended; what it said matters to nobody then.
                text.complete("");
            }
        });
    }

    /** Runs the program with both its outputs appended to a log file, and returns its exit status. */
    int run(Path log) throws IOException, TwinException, InterruptedException {
        return await(
                builder().redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())),
                process -> {});
    }

    private ProcessBuilder builder() {
        List<String> bound = new ArrayList<>(BOUND_TO_US);
        bound.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(bound)
                .directory(directory.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().keySet().removeIf(Tool::steersMake);
        builder.environment().put("LC_ALL", "C");
        // The kernel's Makefile unsets LC_ALL, and the compiler would quote names in UTF-8 again.
        builder.environment().put("LANG", "C");
        builder.environment().putAll(environment);
        return builder;
    }

    /** A build must depend on its recorded inputs only: what kbuild takes from the environment is not among them. */
    private static boolean steersMake(String variable) {
        return variable.startsWith("KBUILD_")
                || List.of(
                                "MAKEFLAGS",
                                "MFLAGS",
                                "MAKELEVEL",
                                "MAKEFILES",
                                "ARCH",
                                "CROSS_COMPILE",
                                "KCFLAGS",
                                "KCPPFLAGS",
                                "KAFLAGS",
                                "CFLAGS_MODULE",
                                "LLVM")
                        .contains(variable);
    }

    private int await(ProcessBuilder builder, Consumer<Process> started)
            throws TwinException, IOException, InterruptedException {
        Process process = start(builder);
        RUNNING.add(process);
        try {
            started.accept(process);
            return process.waitFor();
        } finally {
            if (process.isAlive()) {
                end(process);
            }
            RUNNING.remove(process);
        }
    }

    private Process start(ProcessBuilder builder) throws TwinException, IOException {
        for (String program : List.of(BOUND_TO_US.getFirst(), command.getFirst())) {
            if (!program.contains("/") && !isInstalled(program)) {
                throw new TwinException(
                        "The program " + program + " is not on PATH; install the Debian package that has it.");
            }
        }
        return builder.start();
    }

    /** When the JVM ends, the threads that wait for tools do not get to clean up. */
    private static void endAll() {
        RUNNING.forEach(Tool::end);
    }

    /** First asks, so that make removes half-written targets, then kills whatever is left of the tree. */
    private static void end(Process process) {
        List<ProcessHandle> tree = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        tree.forEach(ProcessHandle::destroy);
        boolean interrupted = Thread.interrupted();
        try {
            process.waitFor(2, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        Stream.concat(process.descendants(), tree.stream()).forEach(ProcessHandle::destroyForcibly);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
