package io.twinhype.demo;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.engine.EngineException;
import io.twinhype.engine.Hypervisors;
import io.twinhype.engine.LoadedHypervisor;
import io.twinhype.lab.Lab;
import io.twinhype.lab.LabCommand;
import io.twinhype.lab.LabKernel;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import io.twinhype.lab.LabSpec;
import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Trio;
import io.twinhype.twin.Twin;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.Vendor;
import java.io.ByteArrayOutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link Hypervisors} refuses and takes back, with a real kernel that refuses real modules. */
@Tag("lab")
final class HypervisorsLabTests {
    private static final Duration LIMIT = Duration.ofMinutes(4);

    @TempDir
    private Path directory;

    @Test
    void whatIsInUseStaysAndWhatDoesNotLoadIsTakenBack() throws Exception {
        TwinCache cache = TwinCache.of(System.getenv());
        KernelTree tree = new KernelPackages(cache, Progress.SILENT).obtain(KernelSeries.V6_1);
        Trio trio = new HypervisorBuilder(cache, KernelSources.of(System.getenv()), Progress.SILENT)
                .buildTrio(tree, Vendor.SVM);
        byte[] bytes = Files.readAllBytes(trio.a().file());
        Path half = Files.write(directory.resolve("half.ko"), Arrays.copyOf(bytes, bytes.length / 2));
        // Not the release in it, which the kernel does not look at in a module with symbol versions.
        Path foreign = Files.write(directory.resolve("foreign.ko"), replaced(bytes, "SMP preempt", "UPx preempt"));

        ByteArrayOutputStream said = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        LabResult result = Lab.of(new LabSpec(
                        new LabKernel(tree.release(), tree.vmlinuz(), tree.modulesDirectory()),
                        ModuleToLoad.of(trio.files())))
                .run(
                        LabCommand.java(
                                InLab.class,
                                trio.a().file().toString(),
                                half.toString(),
                                foreign.toString(),
                                trio.b().file().toString()),
                        directory.resolve("out"),
                        LIMIT,
                        new LabOutput(said, errors));

        assertThat(result.exitStatus()).as(errors.toString(UTF_8)).isZero();
        assertThat(result.kernelComplaints()).isEmpty();
        String onA = "A " + trio.a().record().identity() + " fixed=true";
        String onB = "B " + trio.b().record().identity() + " fixed=true";
        List<String> lines = said.toString(UTF_8).lines().toList();
        assertThat(lines).hasSize(18);
        assertThat(lines.subList(0, 2)).containsExactly(onA, onB);
        assertThat(lines.get(2))
                .as("in use")
                .startsWith("Refused: Hypervisor A was not replaced, it can't be unloaded: ")
                .contains("It has 1 users; end or move away the processes that hold it open.");
        assertThat(lines.get(3)).isEqualTo(onA);
        assertThat(lines.get(4))
                .as("half a module")
                .startsWith(
                        "NotReplaced: Hypervisor A was not replaced, its old build is loaded again: the new build is"
                                + " not accepted by the kernel: ")
                .contains("half.ko");
        assertThat(lines.get(5)).isEqualTo(onA);
        assertThat(lines.get(6))
                .as("a module for another kernel, in the kernel's words")
                .startsWith("NotReplaced: Hypervisor A was not replaced, its old build is loaded again: ")
                .contains("version magic '", "UPx preempt", "should be '");
        assertThat(lines.get(7))
                .as("and the old one is gone, too")
                .startsWith("NotReplaced: Hypervisor A was not replaced and is absent: ")
                .contains("its old build did not come back either");
        assertThat(lines.get(8)).startsWith("Refused: Hypervisor A is not loaded");
        assertThat(lines.get(9))
                .as("the other one's module")
                .startsWith("Refused: Hypervisor A is not loaded: ")
                .endsWith(" is the module twinhype_b, not twinhype_a of hypervisor A.");
        assertThat(lines.get(10))
                .as("a module for another kernel")
                .startsWith("Refused: Hypervisor A is not loaded: ")
                .contains("version magic '");
        assertThat(lines.get(11)).isEqualTo(onA);
        assertThat(lines.get(12))
                .as("loaded twice")
                .isEqualTo("Refused: Hypervisor A is loaded already: unload it first, when no VM uses it.");
        assertThat(lines.get(13))
                .as("in use")
                .startsWith("Refused: Hypervisor A is not unloaded: ")
                .contains("It has 1 users; end or move away the processes that hold it open.");
        assertThat(lines.get(14)).isEqualTo(onB);
        assertThat(lines.get(15)).isEqualTo("Refused: Hypervisor B is not unloaded: it is not loaded.");
        assertThat(lines.get(16)).startsWith("Refused: Hypervisor A is not loaded: it needs the base, ");
        assertThat(lines.get(17)).as("loaded after all was unloaded").isEqualTo("left: []");
    }

    /** Replaces text in a file's bytes by text of the same length. */
    private static byte[] replaced(byte[] bytes, String old, String by) {
        String text = new String(bytes, ISO_8859_1);
        assertThat(text).contains(old);
        return text.replace(old, by).getBytes(ISO_8859_1);
    }

    /** The half of the test that runs in the lab; a line for each thing done. */
    static final class InLab {
        private static final Hypervisors HYPERVISORS = new Hypervisors();

        private InLab() {}

        public static void main(String[] arguments) throws Exception {
            Path a = Path.of(arguments[0]);
            Path half = Path.of(arguments[1]);
            Path foreign = Path.of(arguments[2]);
            tell(() -> HYPERVISORS.inspect(Twin.A));
            tell(() -> HYPERVISORS.inspect(Twin.B));
            try (RandomAccessFile user = new RandomAccessFile(Twin.A.device().toFile(), "rw")) {
                tell(() -> HYPERVISORS.replace(Twin.A, a, a));
                user.getFD().valid();
            }
            tell(() -> HYPERVISORS.inspect(Twin.A));
            tell(() -> HYPERVISORS.replace(Twin.A, half, a));
            tell(() -> HYPERVISORS.inspect(Twin.A));
            tell(() -> HYPERVISORS.replace(Twin.A, foreign, a));
            tell(() -> HYPERVISORS.replace(Twin.A, half, foreign));
            tell(() -> HYPERVISORS.inspect(Twin.A));
            Path b = Path.of(arguments[3]);
            tell(() -> HYPERVISORS.load(Twin.A, b));
            tell(() -> HYPERVISORS.load(Twin.A, foreign));
            tell(() -> HYPERVISORS.load(Twin.A, a));
            tell(() -> HYPERVISORS.load(Twin.A, a));
            try (RandomAccessFile user = new RandomAccessFile(Twin.A.device().toFile(), "rw")) {
                tell(() -> unloaded(Twin.A));
                user.getFD().valid();
            }
            tell(() -> HYPERVISORS.inspect(Twin.B));
            HYPERVISORS.unload(Twin.B);
            // With B absent already.
            tell(() -> unloaded(Twin.B));
            HYPERVISORS.unloadAll();
            tell(() -> HYPERVISORS.load(Twin.A, a));
            System.out.println("left: "
                    + Files.readAllLines(Path.of("/proc/modules")).stream()
                            .filter(line -> line.startsWith("twinhype"))
                            .toList());
        }

        private static LoadedHypervisor unloaded(Twin twin) throws EngineException, InterruptedException {
            HYPERVISORS.unload(twin);
            return HYPERVISORS.inspect(twin);
        }

        private interface Action {
            LoadedHypervisor take() throws EngineException, InterruptedException;
        }

        private static void tell(Action action) throws InterruptedException {
            try {
                LoadedHypervisor loaded = action.take();
                System.out.println(loaded.twin() + " " + loaded.identity() + " fixed="
                        + loaded.canary().invlpgaTrapped());
            } catch (EngineException e) {
                System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
            }
        }
    }
}
