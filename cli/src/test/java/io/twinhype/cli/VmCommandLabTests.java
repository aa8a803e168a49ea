package io.twinhype.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.graft.GraftLibrary;
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
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.Vendor;
import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code vm show} and {@code vm migrate} of QEMUs that nobody of ours started, with two real hypervisors. */
@Tag("lab")
final class VmCommandLabTests {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    @TempDir
    private Path directory;

    @Test
    void aVmIsMovedByItsProcessId() throws Exception {
        TwinCache cache = TwinCache.of(System.getenv());
        KernelTree tree = new KernelPackages(cache, Progress.SILENT).obtain(KernelSeries.V6_1);
        Trio trio = new HypervisorBuilder(cache, KernelSources.of(System.getenv()), Progress.SILENT)
                .buildTrio(tree, Vendor.SVM);
        Path library = GraftLibrary.build(cache.directory().resolve("graft"), _ -> {});

        ByteArrayOutputStream said = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        LabResult result = Lab.of(new LabSpec(
                        new LabKernel(tree.release(), tree.vmlinuz(), tree.modulesDirectory()),
                        ModuleToLoad.of(trio.files())))
                .run(
                        LabCommand.java(InLab.class, library.toString()),
                        directory.resolve("out"),
                        LIMIT,
                        new LabOutput(said, errors));

        String told = said.toString(UTF_8);
        assertThat(result.exitStatus()).as(told + errors.toString(UTF_8)).isZero();
        assertThat(result.kernelComplaints()).isEmpty();
        assertThat(told)
                .as("all of them")
                .containsPattern(
                        " web1 +A +10:\\d+ +1 +yes +0\n +\\d+ +qemu-system-x86 +- +A +10:\\d+ +- +no +-\nstatus 0 of all")
                .as("before")
                .containsPattern("\\d+ +qemu-system-x86 +web1 +A +10:\\d+ +1 +yes +0\n")
                .containsPattern(" graft +yes\n")
                .containsPattern(" handoff +no +it needs a second VMM")
                .as("the move")
                .contains("Method graft: only the hypervisor is replaced, and nothing is in a graft's way.\n")
                .containsPattern("web1: A → B by graft, stood still for \\d+\\.\\d ms \\(park \\d+\\.\\d, ")
                .contains("status 0 of migrate\n")
                .as("afterwards")
                .contains("\"hypervisor\" : \"B\"", "\"grafts\" : 1")
                .as("to where it is")
                .containsPattern("The VM of process \\d+ goes on where it is: no method is possible: graft: it is on"
                        + " hypervisor B already; handoff: it needs a second VMM")
                .contains("status 1 of again\n")
                .as("without the library")
                .containsPattern("\\d+ +qemu-system-x86 +- +A +10:\\d+ +- +no +-\n")
                .containsPattern("graft +no +process \\d+ \\(qemu-system-x86\\) was started without the graft library")
                .contains("status 1 of without\n")
                .as("to what is not loaded")
                .contains("twinhype: Hypervisor A is not loaded: load it")
                .contains("status 1 of unloaded\n");
    }

    /** The half of the test that runs in the lab. */
    static final class InLab {
        private static final PrintWriter OUT = new PrintWriter(System.out, true, UTF_8);

        private InLab() {}

        public static void main(String[] arguments) throws Exception {
            Path sockets = Files.createTempDirectory(Path.of("/tmp"), "th");
            Process with = qemu(Map.of("LD_PRELOAD", arguments[0], "TWINHYPE_GRAFT_DIR", sockets.toString()), "web1");
            Process without = qemu(Map.of(), "");
            try {
                awaitVm(with.pid());
                awaitVm(without.pid());
                String pid = Long.toString(with.pid());
                twinhype("all", "vm", "show");
                twinhype("show", "vm", "show", pid);
                twinhype("migrate", "vm", "migrate", pid, "--to", "B");
                twinhype("json", "vm", "show", "--json", pid);
                twinhype("again", "vm", "migrate", pid, "--to", "B");
                twinhype("other", "vm", "show", Long.toString(without.pid()));
                twinhype("without", "vm", "migrate", Long.toString(without.pid()), "--to", "b", "--method", "graft");
                without.destroyForcibly().waitFor();
                twinhype("unload", "hypervisor", "unload", "A");
                twinhype("unloaded", "vm", "migrate", pid, "--to", "A");
            } finally {
                with.destroyForcibly().waitFor();
                without.destroyForcibly().waitFor();
            }
        }

        /** A machine with nothing but firmware in it, as somebody else might start it. */
        private static Process qemu(Map<String, String> environment, String name) throws Exception {
            ProcessBuilder builder = new ProcessBuilder(
                    "qemu-system-x86_64", "-accel", "kvm", "-m", "64M", "-display", "none", "-monitor", "none");
            if (!name.isEmpty()) {
                builder.command().addAll(List.of("-name", "guest=" + name + ",debug-threads=on"));
            }
            builder.environment().putAll(environment);
            return builder.inheritIO().start();
        }

        private static void awaitVm(long pid) throws Exception {
            for (int look = 0; look < 300; look++) {
                if (vcpuRuns(pid)) {
                    return;
                }
                Thread.sleep(200);
            }
            throw new IllegalStateException("process " + pid + " has made no VM");
        }

        private static boolean vcpuRuns(long pid) throws Exception {
            try (var descriptors = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
                return descriptors.anyMatch(InLab::isVcpu);
            }
        }

        private static boolean isVcpu(Path descriptor) {
            try {
                return Files.readSymbolicLink(descriptor).toString().startsWith("anon_inode:kvm-vcpu");
            } catch (java.io.IOException closed) {
                return false;
            }
        }

        private static void twinhype(String what, String... arguments) {
            var commandLine = Main.commandLine();
            commandLine.setOut(OUT);
            commandLine.setErr(OUT);
            OUT.println("status " + commandLine.execute(arguments) + " of " + what);
        }
    }
}
