package io.twinhype.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.engine.EngineException;
import io.twinhype.engine.Host;
import io.twinhype.engine.HostSettings;
import io.twinhype.engine.Hypervisor;
import io.twinhype.engine.Hypervisors;
import io.twinhype.engine.MethodChoice;
import io.twinhype.engine.MigrationOptions;
import io.twinhype.engine.MigrationResult;
import io.twinhype.engine.Vm;
import io.twinhype.engine.VmDefinition;
import io.twinhype.graft.GraftLibrary;
import io.twinhype.guest.GuestImage;
import io.twinhype.guest.Heartbeat;
import io.twinhype.guest.HeartbeatSummary;
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
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The engine's method graft, with a real QEMU, the real library and two real hypervisors. */
@Tag("lab")
final class GraftLabTests {
    private static final Duration LIMIT = Duration.ofMinutes(6);
    private static final int GRAFTS = 6;

    @TempDir
    private Path directory;

    @Test
    void aGuestStaysInItsProcessWhileTheHypervisorUnderItChanges() throws Exception {
        TwinCache cache = TwinCache.of(System.getenv());
        KernelTree tree = new KernelPackages(cache, Progress.SILENT).obtain(KernelSeries.V6_1);
        Trio trio = new HypervisorBuilder(cache, KernelSources.of(System.getenv()), Progress.SILENT)
                .buildTrio(tree, Vendor.SVM);
        GuestImage guest = GuestImage.build(tree.root(), cache.directory().resolve("guest"), List.of());
        Path library = GraftLibrary.build(cache.directory().resolve("graft"), _ -> {});

        ByteArrayOutputStream said = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        LabResult result = Lab.of(new LabSpec(
                        new LabKernel(tree.release(), tree.vmlinuz(), tree.modulesDirectory()),
                        ModuleToLoad.of(trio.files())))
                .run(
                        LabCommand.java(
                                InLab.class,
                                library.toString(),
                                guest.kernel().toString(),
                                guest.initramfs().toString()),
                        directory.resolve("out"),
                        LIMIT,
                        new LabOutput(said, errors));

        String told = said.toString(UTF_8);
        assertThat(result.exitStatus()).as(told + errors.toString(UTF_8)).isZero();
        assertThat(result.kernelComplaints()).isEmpty();
        List<String> lines = told.lines().toList();
        assertThat(lines.getFirst())
                .isEqualTo("graft: only the hypervisor is replaced, and nothing is in a graft's way");
        for (int graft = 1; graft <= GRAFTS; graft++) {
            String from = graft % 2 == 1 ? "A" : "B";
            String to = graft % 2 == 1 ? "B" : "A";
            assertThat(lines.get(graft))
                    .isEqualTo(from + " → " + to + ": same process true, on " + to + ", users left 0, beats on true");
        }
        assertThat(lines.get(GRAFTS + 1))
                .startsWith("Refused: VM web1 can't be grafted onto hypervisor A: it is on hypervisor A already");
        assertThat(lines.get(GRAFTS + 2))
                .startsWith("NotMoved: VM web1 was not moved to hypervisor B and goes on on A: the step ")
                .endsWith("; same process true, on A, users of B 0, beats on true");
        assertThat(lines.get(GRAFTS + 3))
                .as("a grafted VM can be handed off")
                .isEqualTo("A → B: same process false, on B, users left 0, beats on true");
        assertThat(lines.get(GRAFTS + 4))
                .as("and what was handed off can be grafted")
                .isEqualTo("B → A: same process true, on A, users left 0, beats on true");
        assertThat(lines.get(GRAFTS + 5)).matches("lost 0, doubled 0, errors 0, checks [1-9]\\d*");
        assertThat(lines.get(GRAFTS + 6))
                .as("what was not started with the library")
                .startsWith("handoff: no graft is possible (process ")
                .contains("was started without the graft library");
        assertThat(lines).hasSize(GRAFTS + 7);
    }

    /** The half of the test that runs in the lab; a line for each thing done. */
    static final class InLab {
        private static final Duration PATIENCE = Duration.ofMinutes(2);
        private static final Hypervisors HYPERVISORS = new Hypervisors();

        private InLab() {}

        public static void main(String[] arguments) throws Exception {
            Path runtime = Files.createTempDirectory(Path.of("/tmp"), "th");
            HostSettings settings = HostSettings.temporary(runtime);
            try (Heartbeat heartbeat = Heartbeat.listen("web1", runtime.resolve("web1.beat"));
                    Host host = Host.open(settings.withGraftLibrary(Path.of(arguments[0])))) {
                Vm vm = host.start(definition("web1", arguments, runtime, heartbeat), Hypervisor.of(Twin.A));
                if (!heartbeat.awaitBeats(10, PATIENCE)) {
                    throw new IllegalStateException("the guest did not boot");
                }
                System.out.println(host.choose(vm, Hypervisor.of(Twin.B), false).reason());
                Twin at = Twin.A;
                for (int graft = 0; graft < GRAFTS; graft++) {
                    at = at.other();
                    tell(host, vm, at, MigrationOptions.GRAFT, heartbeat);
                }
                refuse(host, vm);
                fail(host, vm, heartbeat);
                tell(host, vm, Twin.B, MigrationOptions.HANDOFF, heartbeat);
                tell(host, vm, Twin.A, MigrationOptions.GRAFT, heartbeat);
                HeartbeatSummary heard = heartbeat.stop(PATIENCE);
                System.out.println("lost " + heard.lost() + ", doubled " + heard.doubled() + ", errors "
                        + (heard.diskErrors() + heard.memoryErrors() + heard.clockErrors() + heard.malformed())
                        + ", checks " + heard.checks());
            }
            try (Heartbeat heartbeat = Heartbeat.listen("web2", runtime.resolve("web2.beat"));
                    Host host = Host.open(settings)) {
                Vm vm = host.start(definition("web2", arguments, runtime, heartbeat), Hypervisor.of(Twin.A));
                MethodChoice choice = host.choose(vm, Hypervisor.of(Twin.B), false);
                System.out.println(choice.reason());
            }
        }

        private static VmDefinition definition(String name, String[] arguments, Path runtime, Heartbeat heartbeat)
                throws Exception {
            Path disk = runtime.resolve(name + ".raw");
            try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
                file.setLength(1 << 20);
            }
            return VmDefinition.linux(
                            name,
                            128,
                            Path.of(arguments[1]),
                            Path.of(arguments[2]),
                            "console=ttyS0 quiet panic=-1 mitigations=off twinhype.beat_us=10000")
                    .withDisk(disk)
                    .withPort(Heartbeat.PORT, heartbeat.socket());
        }

        private static void tell(Host host, Vm vm, Twin to, MigrationOptions options, Heartbeat heartbeat)
                throws Exception {
            long pid = vm.pid();
            MigrationResult result = host.migrate(vm, Hypervisor.of(to), options);
            long users = HYPERVISORS.users(to.other());
            System.out.println(result.from() + " → " + result.to() + ": same process " + (pid == vm.pid()) + ", on "
                    + vm.hypervisor().name() + ", users left " + users + ", beats on "
                    + heartbeat.awaitBeatAfter(result.endNanos(), PATIENCE));
            System.err.println(result.stoppedMillis() + " ms stopped, "
                    + heartbeat
                                    .pauseWithin(result.startNanos(), result.endNanos())
                                    .toNanos()
                            / 1e6
                    + " ms silent, " + result.graft());
        }

        private static void refuse(Host host, Vm vm) throws Exception {
            try {
                host.migrate(vm, Hypervisor.of(Twin.A), MigrationOptions.GRAFT);
                System.out.println("moved to where it was");
            } catch (EngineException.Refused e) {
                System.out.println("Refused: " + e.getMessage());
            }
        }

        private static void fail(Host host, Vm vm, Heartbeat heartbeat) throws Exception {
            long pid = vm.pid();
            try {
                host.rehearseFailure(vm, Hypervisor.of(Twin.B), MigrationOptions.GRAFT);
                System.out.println("moved though it was to fail");
            } catch (EngineException.NotMoved e) {
                System.out.println("NotMoved: " + e.getMessage() + "; same process " + (pid == vm.pid()) + ", on "
                        + vm.hypervisor().name() + ", users of B " + HYPERVISORS.users(Twin.B) + ", beats on "
                        + heartbeat.awaitBeatAfter(System.nanoTime(), PATIENCE));
            }
        }
    }
}
