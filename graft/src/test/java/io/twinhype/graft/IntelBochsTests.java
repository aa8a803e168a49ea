package io.twinhype.graft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.lab.BochsLab;
import io.twinhype.lab.BochsSpec;
import io.twinhype.lab.LabKernel;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Trio;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.Vendor;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Grafts on an emulated Intel processor, where QEMU would take too long: of the fixture VMM, ordered by a fixture. */
@Tag("bochs")
final class IntelBochsTests {
    private static final int GRAFTS = 6;
    private static final Duration LIMIT = Duration.ofMinutes(20);

    /** Kept, so that the lab's console can be read after a failure. */
    private static final Path OUT = Path.of("target", "intel");

    @TempDir
    private Path directory;

    @Test
    void aVmIsGraftedBetweenTwoBuildsOfVmx() throws Exception {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();

        LabResult result = BochsLab.of(spec())
                .run(
                        List.of("sh", "/trial/intel.sh", Integer.toString(GRAFTS)),
                        OUT,
                        LIMIT,
                        new LabOutput(said, errors));

        String told = said.toString(UTF_8) + errors.toString(UTF_8);
        assertThat(result.exitStatus()).as(told).isZero();
        assertThat(result.kernelComplaints()).isEmpty();
        List<String> lines = said.toString(UTF_8).lines().toList();
        assertThat(lines).as(told).hasSize(3);
        assertThat(lines.get(0))
                .as(told)
                .isEqualTo("1: status 0, grafts " + GRAFTS + ", left behind 0, faults 0, mismatches 0, ok 1");
        assertThat(lines.get(1))
                .as(told)
                .isEqualTo("kicked: status 0, grafts " + GRAFTS + ", left behind 0, faults 0, mismatches 0, ok 1");
        assertThat(lines.get(2))
                .as(told)
                .matches("deadline: status 0, grafts \\d+, left behind 0, faults [2-9]\\d, mismatches 0, ok 1");
    }

    private BochsSpec spec() throws Exception {
        TwinCache cache = TwinCache.of(System.getenv());
        KernelTree tree = new KernelPackages(cache, Progress.SILENT).obtain(KernelSeries.V6_1);
        Trio trio = new HypervisorBuilder(cache, KernelSources.of(System.getenv()), Progress.SILENT)
                .buildTrio(tree, Vendor.VMX);
        return new BochsSpec(
                new LabKernel(tree.release(), tree.vmlinuz(), tree.modulesDirectory()),
                ModuleToLoad.of(trio.files()),
                Map.of(
                        "trial/intel.sh", script(),
                        "trial/vmm", Fixtures.vmm(directory),
                        "trial/order", Fixtures.order(directory),
                        "trial/graft.so", GraftLibrary.build(directory, _ -> {}),
                        "trial/twinhype_a.ko", trio.a().file(),
                        "trial/twinhype_b.ko", trio.b().file(),
                        "lib64/ld-linux-x86-64.so.2", Path.of("/lib64/ld-linux-x86-64.so.2"),
                        "lib/x86_64-linux-gnu/libc.so.6", Path.of("/lib/x86_64-linux-gnu/libc.so.6")));
    }

    private Path script() throws Exception {
        try (InputStream in = IntelBochsTests.class.getResourceAsStream("intel.sh")) {
            return Files.write(directory.resolve("intel.sh"), in == null ? new byte[0] : in.readAllBytes());
        }
    }
}
