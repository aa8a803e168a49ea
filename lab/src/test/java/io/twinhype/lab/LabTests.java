package io.twinhype.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab itself, with the real kernel of the cache. */
@Tag("lab")
final class LabTests {
    private static final Duration LIMIT = Duration.ofMinutes(3);

    @TempDir
    private Path directory;

    private LabKernel kernel;
    private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();

    @BeforeEach
    void findKernel() throws LabException {
        kernel = kernel();
    }

    @Test
    void outputStatusWordsEnvironmentAndResultsComeThrough() throws Exception {
        Path input = Files.writeString(directory.resolve("in put"), "from the host");
        LabCommand command = new LabCommand(
                List.of(
                        "sh",
                        "-c",
                        "cat 'in put'; pwd >&2; uname -r >&2; echo \"$1 $ODD\" >&2; echo kept > \"$LAB_OUT/result\";"
                                + " echo lost > 'in put'; cat 'in put' >/dev/stderr; read line || echo no input >&2; exit 7",
                        "sh",
                        "it's \"one\" word"),
                directory,
                Map.of("ODD", "a 'b' $c"));
        Path out = directory.resolve("re,sults");
        LabResult result = run(List.of(), command, out, LIMIT);
        assertThat(stdout.toString(UTF_8)).isEqualTo("from the host");
        assertThat(stderr.toString(UTF_8).lines())
                .containsExactly(
                        directory.toString(), kernel.release(), "it's \"one\" word a 'b' $c", "lost", "no input");
        assertThat(result.exitStatus()).isEqualTo(7);
        assertThat(out.resolve("result")).hasContent("kept");
        assertThat(input).as("the host's file").hasContent("from the host");
        assertThat(result.kernelComplaints()).as("a stock boot").isEmpty();
        assertThat(result.consoleLog())
                .isEqualTo(out.resolve("console.log"))
                .content()
                .contains("Linux version ");
        assertThat(result.bootTime()).isPositive();
    }

    @Test
    void stockKvmRunsInItAndBytesAreNotChanged() throws Exception {
        byte[] bytes = new byte[3_000_000];
        new Random(1).nextBytes(bytes);
        Path file = Files.write(directory.resolve("bytes"), bytes);
        LabResult result = run(
                List.of(kernel.module("kvm"), kernel.module("kvm-amd")),
                shell("test -c /dev/kvm && grep -q ^kvm_amd /proc/modules && cat " + file),
                directory.resolve("out"),
                LIMIT);
        assertThat(result.exitStatus()).isZero();
        assertThat(Arrays.equals(stdout.toByteArray(), bytes)).isTrue();
        assertThat(result.kernelComplaints()).as("stock KVM").isEmpty();
    }

    @Test
    void aSignalIsTheStatusAndWhatStaysBehindDoesNotHoldTheLab() throws Exception {
        LabResult result = run(
                List.of(),
                shell("(trap '' TERM; while :; do sleep 1; done) & sleep 1000 & echo out; kill -9 $$"),
                directory.resolve("out"),
                LIMIT);
        assertThat(result.exitStatus()).isEqualTo(128 + 9);
        assertThat(stdout.toString(UTF_8)).isEqualTo("out\n");
    }

    @Test
    void aCommandThatIsNotThereIs127() throws Exception {
        LabResult result = run(
                List.of(),
                new LabCommand(List.of("no-such-program", "-x"), directory, Map.of()),
                directory.resolve("out"),
                LIMIT);
        assertThat(result.exitStatus()).isEqualTo(127);
        assertThat(stderr.toString(UTF_8)).contains("no-such-program");
    }

    @Test
    void whatTheKernelComplainsOfIsFoundEvenIfTheLabAskedForSilence() throws Exception {
        // sysrq-l has the kernel print its own backtrace; a WARN of the kernel's cannot be had without a faulty module.
        LabResult result = run(
                List.of(),
                shell(
                        "dmesg -n 1; echo '<4>WARNING: CPU: 0 PID: 1 at a/test.c:1' >/dev/kmsg; echo l >/proc/sysrq-trigger"),
                directory.resolve("out"),
                LIMIT);
        assertThat(result.exitStatus()).isZero();
        assertThat(result.kernelComplaints())
                .anySatisfy(line -> assertThat(line).contains("WARNING: CPU: 0 PID: 1 at a/test.c:1"))
                .anySatisfy(line -> assertThat(line).contains("Call Trace:"));
    }

    @Test
    void aPanicIsSaidInTheKernelsWords() {
        LabException.MachineLost lost = catchThrowableOfType(
                LabException.MachineLost.class,
                () -> run(List.of(), shell("echo c >/proc/sysrq-trigger"), directory.resolve("out"), LIMIT));
        assertThat(lost).hasMessageContaining("kernel panicked").hasMessageContaining("sysrq triggered crash");
        assertThat(lost.kernelLines()).isNotEmpty();
        assertThat(directory.resolve("out/console.log")).content().contains("Kernel panic");
    }

    @Test
    void aModuleThatDoesNotLoadIsNamedWithTheKernelsWords() throws Exception {
        LabException.ModuleRefused refused = catchThrowableOfType(
                LabException.ModuleRefused.class,
                () -> run(List.of(kernel.module("kvm-intel")), shell("true"), directory.resolve("out"), LIMIT));
        assertThat(refused.module()).isEqualTo("kvm-intel.ko");
        assertThat(refused).hasMessageContaining("Operation not supported");
        assertThat(refused.kernelLines())
                .anySatisfy(line -> assertThat(line).contains("no hardware support for 'kvm_intel'"));
    }

    @Test
    void atTheTimeLimitTheLabEnds() {
        assertThatThrownBy(() -> run(
                        List.of(), shell("echo here; sleep 1000"), directory.resolve("out"), Duration.ofSeconds(20)))
                .isInstanceOf(LabException.TimedOut.class)
                .hasMessageContaining("after 20 s")
                .hasMessageContaining("the command was running");
        assertThat(stdout.toString(UTF_8)).isEqualTo("here\n");
        assertThat(emulators(ProcessHandle.current())).isEmpty();
    }

    @Test
    void anInterruptEndsTheLab() throws Exception {
        CountDownLatch booted = new CountDownLatch(1);
        CompletableFuture<Throwable> end = new CompletableFuture<>();
        Thread runner = Thread.ofPlatform().start(() -> {
            try {
                Lab.of(new LabSpec(kernel, 1024, 1, List.of()))
                        .run(
                                shell("sleep 1000"),
                                directory.resolve("out"),
                                LIMIT,
                                new LabOutput(stdout, stderr, bootTime -> booted.countDown()));
                end.completeExceptionally(new AssertionError("The run was not interrupted."));
            } catch (LabException | InterruptedException e) {
                end.complete(e);
            }
        });
        assertThat(booted.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(emulators(ProcessHandle.current())).hasSize(1);
        runner.interrupt();
        assertThat(end.get(20, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        assertThat(emulators(ProcessHandle.current())).isEmpty();
    }

    @Test
    void outputThatCannotBePassedOnEndsTheLab() {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        assertThatThrownBy(() -> Lab.of(new LabSpec(kernel, 1024, 1, List.of()))
                        .run(shell("echo x; sleep 1000"), directory.resolve("out"), LIMIT, new LabOutput(full, stderr)))
                .isInstanceOf(LabException.OutputLost.class)
                .hasMessageContaining("No space left on device");
        assertThat(emulators(ProcessHandle.current())).isEmpty();
    }

    @Test
    void theLabDiesWithAProcessThatIsKilled() throws Exception {
        Process owner = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LabOwner.class.getName(),
                        directory.resolve("out").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertThat(owner.inputReader().readLine()).isEqualTo("booted");
            List<ProcessHandle> emulators = emulators(owner.toHandle());
            assertThat(emulators).hasSize(1);
            owner.destroyForcibly();
            assertThat(emulators.getFirst().onExit().get(20, TimeUnit.SECONDS).isAlive())
                    .isFalse();
        } finally {
            owner.destroyForcibly();
        }
    }

    @Test
    void aTerminalIsATerminal() throws Exception {
        PipedInputStream keys = new PipedInputStream();
        PipedOutputStream typist = new PipedOutputStream(keys);
        ByteArrayOutputStream screen = new ByteArrayOutputStream() {
            @Override
            public synchronized void write(byte[] bytes, int offset, int length) {
                super.write(bytes, offset, length);
                if (toString(UTF_8).endsWith("ready> ")) {
                    try {
                        typist.write("stty size; tty; exit 5\r".getBytes(UTF_8));
                        typist.flush();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                }
            }
        };
        LabTerminal terminal = new LabTerminal() {
            @Override
            public PipedInputStream input() {
                return keys;
            }

            @Override
            public OutputStream output() {
                return screen;
            }

            @Override
            public Size size() {
                return new Size(33, 77);
            }

            @Override
            public void onResize(Consumer<Size> listener) {}
        };
        LabResult result = Lab.of(new LabSpec(kernel, 1024, 1, List.of()))
                .shell(
                        new LabCommand(List.of("sh", "-i"), directory, Map.of("PS1", "ready> ")),
                        directory.resolve("out"),
                        terminal);
        assertThat(result.exitStatus()).as(screen.toString(UTF_8)).isEqualTo(5);
        assertThat(screen.toString(UTF_8).lines()).contains("33 77", "/dev/hvc0");
    }

    /** A process of its own that runs a lab until it is killed. */
    static final class LabOwner {
        private LabOwner() {}

        public static void main(String[] arguments) throws Exception {
            Lab.of(new LabSpec(kernel(), 1024, 1, List.of()))
                    .run(
                            new LabCommand(List.of("sleep", "1000"), Path.of("/"), Map.of()),
                            Path.of(arguments[0]),
                            LIMIT,
                            new LabOutput(System.out, System.err, bootTime -> System.out.println("booted")));
        }
    }

    private LabResult run(List<ModuleToLoad> modules, LabCommand command, Path out, Duration timeout)
            throws LabException, InterruptedException {
        return Lab.of(new LabSpec(kernel, 1024, 1, modules)).run(command, out, timeout, new LabOutput(stdout, stderr));
    }

    private LabCommand shell(String script) {
        return new LabCommand(List.of("sh", "-c", script), directory, Map.of());
    }

    /** Where the product keeps it, too. */
    private static LabKernel kernel() throws LabException {
        String cache = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
        Path caches = cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
        return LabKernel.unpackedIn(caches.resolve("twinhype/kernels/6.1/root"));
    }

    private static List<ProcessHandle> emulators(ProcessHandle owner) {
        List<ProcessHandle> found = new ArrayList<>();
        owner.descendants()
                .filter(process -> process.info().command().orElse("").contains("qemu-system"))
                .forEach(found::add);
        return found;
    }
}
