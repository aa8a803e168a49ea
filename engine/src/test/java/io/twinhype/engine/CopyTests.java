package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Moves a real guest between two real QEMU processes with its memory copied. */
@Tag("system")
final class CopyTests {
    private static final Hypervisor A = Hypervisor.emulated("A");
    private static final Hypervisor B = Hypervisor.emulated("B");

    @TempDir
    Path directory;

    @Test
    void privateMemoryThroughUnixSocketAndTcp() throws Exception {
        try (var guest = new SmallGuest(directory, "web1", 128, "");
                Host host = Host.open(HostSettings.temporary(directory))) {
            Vm vm = host.start(guest.definition().withPrivateMemory(), A);
            guest.awaitUp();

            host.migrate(vm, B, MigrationOptions.COPY);
            host.migrate(vm, A, MigrationOptions.COPY_OVER_TCP);

            assertThat(vm.hypervisor()).isEqualTo(A);
            guest.expectAlive();
            guest.expectFlawless();
        }
    }

    @Test
    void sharedMemoryIsCopiedIntoAFileOfItsOwn() throws Exception {
        Path memory = Files.createTempDirectory(Path.of("/dev/shm"), "copy");
        var settings = new HostSettings(directory, memory, true, SmallGuest.PATIENCE);
        try (var guest = new SmallGuest(directory, "web1", 128, "");
                Host host = Host.open(settings)) {
            Vm vm = host.start(guest.definition(), A);
            guest.awaitUp();
            Path before = vm.instance().memory().orElseThrow();

            host.migrate(vm, B, MigrationOptions.COPY);

            assertThat(vm.instance().memory().orElseThrow()).exists().isNotEqualTo(before);
            assertThat(before).doesNotExist();
            host.migrate(vm, A, MigrationOptions.HANDOFF);
            guest.expectAlive();
            guest.expectFlawless();
            host.stop(vm);
            assertThat(memory).isEmptyDirectory();
        } finally {
            Files.delete(memory);
        }
    }
}
