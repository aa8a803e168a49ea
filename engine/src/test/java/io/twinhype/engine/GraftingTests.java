package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.twinhype.graft.testing.FakeLibrary;
import io.twinhype.qemu.QemuBinary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a host's VM when it is grafted, with a process that only answers like QEMU and like the library in it. */
final class GraftingTests {
    private static final Hypervisor A = Hypervisor.kvm("A", Path.of("/dev/kvm"));
    private static final Hypervisor B = Hypervisor.kvm("B", FakeLibrary.OTHER_DEVICE);

    @TempDir
    private Path directory;

    private Path library = Path.of("");
    private Path qemu = Path.of("");

    @BeforeEach
    void install() throws Exception {
        qemu = FakeQemu.install(directory);
        library = Files.createFile(directory.resolve("libtwinhype-graft.so"));
    }

    private Host host(Duration timeout) {
        return Host.open(
                new HostSettings(directory, directory, true, timeout, Optional.of(library)), new QemuBinary(qemu));
    }

    private Host host() {
        return host(Duration.ofSeconds(30));
    }

    private static VmDefinition definition() {
        return VmDefinition.linux("web1", 1, Path.of("kernel"), Path.of("initramfs"), "");
    }

    @Test
    void theProcessStaysAndItsHypervisorChanges() throws Exception {
        try (Host host = host()) {
            Vm vm = host.start(definition(), A);
            long pid = vm.pid();
            assertThat(host.choose(vm, B, false).method()).contains(MigrationMethod.GRAFT);
            assertThat(host.choose(vm, B, true).method()).contains(MigrationMethod.HANDOFF);

            MigrationResult result = host.migrate(vm, B, MigrationOptions.GRAFT);

            assertThat(vm.pid()).isEqualTo(pid);
            assertThat(vm.hypervisor()).isEqualTo(B);
            assertThat(result.from()).isEqualTo("A");
            assertThat(result.to()).isEqualTo("B");
            assertThat(result.transport()).isEqualTo(Transport.NONE);
            assertThat(result.stoppedMillis()).isEqualTo(3.926);
            assertThat(result.prepareMillis()).isEqualTo(48.0);
            assertThat(result.socketBytes()).hasValue(0);
            assertThat(result.graft()).isPresent();
            assertThat(result.endNanos())
                    .isGreaterThan(result.startNanos()
                            - result.graft().orElseThrow().teardown().toNanos());

            host.stop(vm);
            assertThat(ProcessHandle.of(pid)).as("stopped after a graft").isEmpty();
        }
    }

    @Test
    void aGraftedVmCanBeHandedOff() throws Exception {
        try (Host host = host()) {
            Vm vm = host.start(definition(), A);
            host.migrate(vm, B, MigrationOptions.GRAFT);
            long pid = vm.pid();
            MigrationResult result = host.migrate(vm, A, MigrationOptions.HANDOFF);
            assertThat(result.from()).isEqualTo("B");
            assertThat(vm.hypervisor()).isEqualTo(A);
            assertThat(ProcessHandle.of(pid)).as("the process that was grafted").isEmpty();
            assertThat(vm.alive()).isTrue();
        }
    }

    @Test
    void aGraftThatFailsLeavesEverythingAsItWas() throws Exception {
        FakeQemu.orderGraft(directory, FakeLibrary.Fault.FAILS);
        try (Host host = host()) {
            Vm vm = host.start(definition(), A);
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThatExceptionOfType(EngineException.NotMoved.class)
                        .isThrownBy(() -> host.migrate(vm, B, MigrationOptions.GRAFT));
            }
            assertThat(vm.hypervisor()).isEqualTo(A);
            assertThat(vm.alive()).isTrue();
        }
    }

    @Test
    void aVmWhosePlaceIsUnknownIsHeld() throws Exception {
        FakeQemu.orderGraft(directory, FakeLibrary.Fault.GOES_MUTE);
        try (Host host = host(Duration.ofSeconds(8))) {
            Vm vm = host.start(definition(), A);
            assertThatExceptionOfType(EngineException.Undecided.class)
                    .isThrownBy(() -> host.migrate(vm, B, MigrationOptions.GRAFT));
            assertThatExceptionOfType(EngineException.Refused.class)
                    .isThrownBy(() -> host.migrate(vm, B, MigrationOptions.HANDOFF))
                    .withMessageContaining("VM web1 is held");
        }
    }

    @Test
    void aVmmThatDiesIsSaidToHaveEnded() throws Exception {
        FakeQemu.orderGraft(directory, FakeLibrary.Fault.DIES);
        try (Host host = host()) {
            Vm vm = host.start(definition(), A);
            assertThatExceptionOfType(EngineException.Ended.class)
                    .isThrownBy(() -> host.migrate(vm, B, MigrationOptions.GRAFT))
                    .withMessageContaining("; it ended with status 3");
            assertThatExceptionOfType(EngineException.Refused.class)
                    .isThrownBy(() -> host.migrate(vm, B, MigrationOptions.GRAFT))
                    .withMessageContaining("VM web1 does not run on hypervisor A any more");
        }
    }

    @Test
    void emulationHasNothingToChange() throws Exception {
        Hypervisor emulated = Hypervisor.emulated("E");
        try (Host host = host()) {
            Vm vm = host.start(definition(), emulated);
            assertThatExceptionOfType(EngineException.Refused.class)
                    .isThrownBy(() -> host.migrate(vm, B, MigrationOptions.GRAFT))
                    .withMessageContaining("hypervisor E is emulation")
                    .withMessageContaining("use the method handoff");
            assertThat(host.choose(vm, B, false).reason())
                    .startsWith("handoff: no graft is possible (hypervisor E is emulation");
        }
    }

    @Test
    void aMissingLibraryIsSaidBeforeAnythingStarts() throws Exception {
        Files.delete(library);
        try (Host host = host()) {
            assertThatExceptionOfType(EngineException.NotStarted.class)
                    .isThrownBy(() -> host.start(definition(), A))
                    .withMessageContaining("the graft library " + library + " can't be read: build it again");
            assertThat(directory.resolve("web1")).isEmptyDirectory();
        }
    }
}
