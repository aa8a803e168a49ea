package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Moves a real guest between two real QEMU processes with its memory shared. */
@Tag("system")
final class HandoffTests {
    private static final Hypervisor A = Hypervisor.emulated("A");
    private static final Hypervisor B = Hypervisor.emulated("B");

    @TempDir
    Path directory;

    @Test
    void thereAndBackSeveralTimes() throws Exception {
        try (var guest = new SmallGuest(directory, "web1", 128, "");
                Host host = Host.open(HostSettings.temporary(directory))) {
            Vm vm = host.start(guest.definition(), A);
            guest.awaitUp();
            for (int i = 0; i < 6; i++) {
                Hypervisor from = vm.hypervisor();
                Hypervisor to = from.equals(A) ? B : A;
                MigrationResult result = host.migrate(vm, to, MigrationOptions.HANDOFF);
                guest.heartbeat().awaitBeatAfter(result.endNanos(), SmallGuest.PATIENCE);
                System.err.println(result + " pause "
                        + guest.heartbeat()
                                        .pauseWithin(result.startNanos(), result.endNanos())
                                        .toNanos()
                                / 1e6);
                assertThat(vm.hypervisor()).isEqualTo(to);
            }
            guest.expectAlive();
            System.err.println(guest.expectFlawless());
        }
    }
}
