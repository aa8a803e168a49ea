package io.twinhype.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("bochs")
final class BochsLabTests {
    private static final Duration LIMIT = Duration.ofMinutes(15);

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
    private LabKernel kernel;

    @BeforeEach
    void findKernel() throws LabException {
        String cache = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
        Path caches = cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
        kernel = LabKernel.unpackedIn(caches.resolve("twinhype/kernels/6.1/root"));
    }

    @Test
    void stockKvmRunsOnAnIntelProcessorAndItsComplaintsAreSeen() throws Exception {
        LabResult result = run(
                List.of(kernel.module("kvm-intel")),
                "grep -q -w vmx /proc/cpuinfo && echo vmx; test -c /dev/kvm && echo device; cat /bin/given; echo aside >&2;"
                        + " echo 'WARNING: as a kernel would' >/dev/kmsg; exit 3",
                LIMIT);
        assertThat(stdout.toString(UTF_8)).isEqualTo("vmx\ndevice\n" + given());
        assertThat(stderr.toString(UTF_8)).isEqualTo("aside\n");
        assertThat(result.exitStatus()).isEqualTo(3);
        assertThat(result.kernelComplaints()).singleElement().satisfies(line -> assertThat(line)
                .contains("WARNING: as a kernel would"));
        assertThat(directory.resolve("out/console.log")).content().contains("twinhype-lab: first program runs");
    }

    @Test
    void aModuleForAnotherProcessorIsRefusedInTheKernelsWords() {
        LabException.ModuleRefused refused = catchThrowableOfType(
                LabException.ModuleRefused.class, () -> run(List.of(kernel.module("kvm-amd")), "true", LIMIT));
        assertThat(refused.module()).isEqualTo("kvm-amd.ko");
        assertThat(refused.kernelLines()).anySatisfy(line -> assertThat(line).contains("kvm_amd"));
    }

    @Test
    void aPanicEndsTheLab() {
        LabException.MachineLost lost = catchThrowableOfType(
                LabException.MachineLost.class, () -> run(List.of(), "echo begun; echo c >/proc/sysrq-trigger", LIMIT));
        assertThat(lost).hasMessageContaining("Kernel panic");
        assertThat(stdout.toString(UTF_8)).isEqualTo("begun\n");
        assertThat(emulators()).isEmpty();
    }

    @Test
    void atTheTimeLimitTheLabEnds() {
        LabException.TimedOut late =
                catchThrowableOfType(LabException.TimedOut.class, () -> run(List.of(), "true", Duration.ofSeconds(3)));
        assertThat(late).hasMessageContaining("after 3 s").hasMessageContaining("it was booting");
        assertThat(emulators()).isEmpty();
    }

    private LabResult run(List<ModuleToLoad> modules, String script, Duration limit) throws Exception {
        return BochsLab.of(new BochsSpec(kernel, modules, Map.of("bin/given", givenFile())))
                .run(List.of("sh", "-c", script), directory.resolve("out"), limit, new LabOutput(stdout, stderr));
    }

    private static String given() {
        return "a file\n";
    }

    private Path givenFile() throws Exception {
        return Files.writeString(directory.resolve("given"), given());
    }

    private static List<ProcessHandle> emulators() {
        return ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().command().orElse("").contains("bochs"))
                .toList();
    }
}
