package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinhype.qemu.QemuBinary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a host refuses, and the small parts under it. */
final class EngineTests {
    private static final Hypervisor A = Hypervisor.emulated("A");

    @TempDir
    Path directory;

    private static VmDefinition definition(String name, int mebibytes) {
        return VmDefinition.linux(name, mebibytes, Path.of("kernel"), Path.of("initramfs"), "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-x", "a/b", "../x", "a,b", "a b", "abcdefghijklmnopqrstuvwxyz-1234567"})
    void namesThatCouldBePathsOrOptionsAreRefused(String name) {
        assertThatThrownBy(() -> definition(name, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + name + "'");
    }

    @Test
    void aNameIsTakenOnce() throws Exception {
        var qemu = new QemuBinary(FakeQemu.install(directory));
        try (Host host = Host.open(new HostSettings(directory, directory, true, Duration.ofSeconds(30)), qemu)) {
            Vm vm = host.start(definition("web1", 1), A);
            assertThatThrownBy(() -> host.start(definition("web1", 1), A))
                    .isInstanceOf(EngineException.Refused.class)
                    .hasMessageContaining("there is a VM called web1 already");

            host.stop(vm);

            assertThat(host.vms()).isEmpty();
            assertThat(host.start(definition("web1", 1), A).alive()).isTrue();
        }
    }

    @Test
    void memoryThatDoesNotFitIsSaidBeforeAnythingStarts() throws Exception {
        try (Host host = Host.open(
                new HostSettings(directory, directory, true, Duration.ofSeconds(30)),
                new QemuBinary(directory.resolve("qemu")))) {
            assertThatThrownBy(() -> host.start(definition("web1", Integer.MAX_VALUE), A))
                    .isInstanceOf(EngineException.NotStarted.class)
                    .hasMessageContaining("VM web1 was not started on hypervisor A")
                    .hasMessageContaining(Integer.MAX_VALUE + " MiB are needed");
            assertThat(host.vms()).isEmpty();
        }
    }

    @Test
    void aMissingMemoryDirectoryIsNamed() {
        Path absent = directory.resolve("absent");

        assertThatThrownBy(() -> Host.open(new HostSettings(directory, absent, true, Duration.ofSeconds(1))))
                .isInstanceOf(EngineException.Refused.class)
                .hasMessageContaining(absent.toString());
    }

    @Test
    void onlyWhatTheDeadLeftIsSwept() throws Exception {
        var settings = new HostSettings(directory, directory, true, Duration.ofSeconds(1));
        Path ours = MemoryFiles.create(settings, "web1", 1);
        Path theDeads = Files.createFile(directory.resolve("twinhype-pid" + Integer.MAX_VALUE + "-web1-1.ram"));
        Path lasting =
                MemoryFiles.create(new HostSettings(directory, directory, false, Duration.ofSeconds(1)), "web1", 1);

        MemoryFiles.sweep(directory);

        assertThat(ours).exists();
        assertThat(lasting).exists();
        assertThat(theDeads).doesNotExist();
    }

    @Test
    void networkBytesAreSummedOverInterfacesAndDirections() {
        assertThat(NetworkTraffic.bytes(List.of(
                        "Inter-|   Receive                                                |  Transmit",
                        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs",
                        "    lo: 1000       2    0    0    0     0          0         0     1000       2    0",
                        "eth0:1:20 1 0 0 0 0 0 0 300 1 0 0 0 0 0 0")))
                .isEqualTo(2320);
    }
}
