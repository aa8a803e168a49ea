package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinhype.guest.ProbeReading;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Moves a real guest between two real QEMU processes with its memory shared. */
@Tag("system")
final class HandoffTests {
    private static final Hypervisor A = Hypervisor.emulated("A");
    private static final Hypervisor B = Hypervisor.emulated("B");
    private static final long MEBIBYTE = 1 << 20;

    @TempDir
    Path directory;

    @Test
    void thereAndBackSeveralTimes() throws Exception {
        try (var guest = new SmallGuest(directory, "web1", 128, "twinhype.probe=/proc/sys/kernel/ostype");
                Host host = Host.open(HostSettings.temporary(directory))) {
            Vm vm = host.start(guest.definition(), A);
            guest.awaitUp();
            for (int i = 0; i < 6; i++) {
                Hypervisor from = vm.hypervisor();
                Hypervisor to = from.equals(A) ? B : A;
                long oldPid = vm.pid();

                MigrationResult result = host.migrate(vm, to, MigrationOptions.HANDOFF);

                assertThat(vm.hypervisor()).isEqualTo(to);
                assertThat(result.from()).isEqualTo(from.name());
                assertThat(result.to()).isEqualTo(to.name());
                assertThat(result.qemuDowntimeMillis()).isPresent();
                assertThat(ProcessHandle.of(oldPid)).as("the old QEMU").isEmpty();
                assertThat(guest.heartbeat().awaitBeatAfter(result.endNanos(), SmallGuest.PATIENCE))
                        .as("beats after migration %d", i)
                        .isTrue();
                assertThat(guest.heartbeat().pauseWithin(result.startNanos(), result.endNanos()))
                        .as("the pause contains what QEMU reports as stopped")
                        .isPositive();
            }
            guest.expectAlive();
            assertThat(guest.heartbeat().awaitProbe(SmallGuest.PATIENCE).map(ProbeReading::outcome))
                    .contains("Linux");
            guest.expectFlawless();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {192, 512})
    void movesDeviceStateOnlyWhateverTheMemory(int memoryMebibytes) throws Exception {
        try (var guest = new SmallGuest(directory, "web1", memoryMebibytes, "twinhype.dirty_mib=64");
                Host host = Host.open(HostSettings.temporary(directory))) {
            Vm vm = host.start(guest.definition(), A);
            guest.awaitUp();

            MigrationResult handoff = host.migrate(vm, B, MigrationOptions.HANDOFF);
            MigrationResult live = host.migrate(vm, A, MigrationOptions.COPY_OVER_TCP);

            assertThat(handoff.socketBytes().orElseThrow()).isBetween(1L, MEBIBYTE);
            assertThat(live.socketBytes().orElseThrow())
                    .as("all memory that is not empty: the guest's kernel alone has more")
                    .isGreaterThan(16 * MEBIBYTE);
            assertThat(live.networkBytes())
                    .as("loopback counts what goes through it twice")
                    .isGreaterThan(2 * live.socketBytes().orElseThrow());
            guest.expectAlive();
            guest.expectFlawless();
        }
    }

    @Test
    void privateMemoryIsRefused() throws Exception {
        try (var guest = new SmallGuest(directory, "web1", 128, "");
                Host host = Host.open(HostSettings.temporary(directory))) {
            Vm vm = host.start(guest.definition().withPrivateMemory(), A);
            guest.awaitUp();

            assertThatThrownBy(() -> host.migrate(vm, B, MigrationOptions.HANDOFF))
                    .isInstanceOf(EngineException.Refused.class)
                    .hasMessageContaining("web1")
                    .hasMessageContaining("use the method copy");

            assertThat(vm.hypervisor()).isEqualTo(A);
            guest.expectFlawless();
        }
    }

    @Test
    void aStoppedVmIsRefused() throws Exception {
        try (var guest = new SmallGuest(directory, "web1", 128, "");
                Host host = Host.open(HostSettings.temporary(directory))) {
            Vm vm = host.start(guest.definition(), A);
            vm.instance().process().monitor().stop();

            assertThatThrownBy(() -> host.migrate(vm, B, MigrationOptions.HANDOFF))
                    .isInstanceOf(EngineException.Refused.class)
                    .hasMessageContaining("web1 is paused");
        }
    }
}
