package io.twinhype.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The guest's further checks, in a guest with two vCPUs under plain emulation. */
@Tag("system")
final class GuestChecksTests {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final List<String> ALL = List.of("clocks", "log", "registers", "stream", "ticks", "wakeups");

    @TempDir
    Path directory;

    private static Path cache() {
        return Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .filter(set -> !set.isEmpty())
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"))
                .resolve("twinhype");
    }

    /** The host is the emulator's 10.0.2.2. */
    private static String arguments(StreamEcho echo) {
        return "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check twinhype.registers=5 twinhype.clocks=1"
                + " twinhype.ticks=1 twinhype.wakeups=1 twinhype.log=/dev/vdb twinhype.machine=1 twinhype.power=1"
                + " twinhype.net=10.0.2.15 twinhype.stream=10.0.2.2:" + echo.port();
    }

    private Process start(Heartbeat heartbeat, Path disk, String arguments) throws GuestException, IOException {
        GuestImage image = GuestImage.build(
                cache().resolve("kernels/6.1/root"), cache().resolve("guest"), GuestImage.MORE_DEVICES, List.of());
        var command = new ArrayList<>(List.of("qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "2"));
        command.addAll(List.of("-m", "192", "-nodefaults", "-display", "none", "-M", "pc"));
        command.addAll(List.of(
                "-kernel",
                image.kernel().toString(),
                "-initrd",
                image.initramfs().toString()));
        command.addAll(List.of("-append", arguments, "-serial", "file:" + directory.resolve("console")));
        Path first = directory.resolve("first.raw");
        DiskLog.prepare(first, 256);
        command.addAll(List.of("-drive", "if=virtio,format=raw,file=" + first));
        command.addAll(List.of("-drive", "if=virtio,format=raw,file=" + disk));
        command.addAll(List.of("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="));
        command.addAll(List.of("-chardev", "socket,id=beat,path=" + heartbeat.socket()));
        command.addAll(List.of("-device", "virtio-serial-pci"));
        command.addAll(List.of("-device", "virtserialport,chardev=beat,name=" + Heartbeat.PORT));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("qemu").toFile())
                .start();
    }

    private String said() throws IOException {
        return Files.readString(directory.resolve("qemu")) + Files.readString(directory.resolve("console"));
    }

    @Test
    void allOfThemRunAndFindNothing() throws Exception {
        Path disk = directory.resolve("log.raw");
        DiskLog.prepare(disk, 256);
        try (Heartbeat heartbeat = Heartbeat.listen("checks", directory.resolve("beat"));
                StreamEcho echo = StreamEcho.listen(InetAddress.getLoopbackAddress())) {
            Process qemu = start(heartbeat, disk, arguments(echo));
            try {
                assertThat(heartbeat.awaitCheck("log", log -> log.rounds() > 400, PATIENCE))
                        .as("the log grows: %s %s %s", heartbeat.checks(), heartbeat.notes(), said())
                        .isTrue();
                assertThat(heartbeat.awaitCheck("stream", stream -> stream.rounds() > 100, PATIENCE))
                        .as("the stream flows: %s %s", heartbeat.checks(), heartbeat.notes())
                        .isTrue();

                assertThat(heartbeat.reboot(PATIENCE).finished()).isTrue();

                Map<String, GuestCheck> checks = heartbeat.checks();
                assertThat(checks).containsKeys(ALL.toArray(String[]::new));
                assertThat(checks.values()).allSatisfy(check -> {
                    assertThat(check.rounds()).as("%s", check).isPositive();
                    assertThat(check.errors())
                            .as("%s; %s", check, heartbeat.notes())
                            .isZero();
                });
                assertThat(check(checks, "registers").figure("vector_bits")).isEqualTo(256);
                assertThat(check(checks, "log").figure("spare_interrupts")).isZero();
                assertThat(check(checks, "log").figure("interrupts")).isPositive();
                assertThat(check(checks, "ticks").figure("interrupts")).isPositive();
                assertThat(check(checks, "machine").figures())
                        .containsEntry("disks", 2L)
                        .containsEntry("nics", 1L)
                        .containsEntry("vcpus", 2L);
                assertThat(check(checks, "stream").rounds())
                        .isEqualTo(check(checks, "stream").figure("sent"))
                        .isEqualTo(echo.summary().records());
                assertThat(echo.summary().problems()).isEmpty();
                assertThat(echo.summary().ended()).isEqualTo(1);
                DiskLog log = DiskLog.read(disk, check(checks, "log").figure("last"));
                assertThat(log.problems()).isEmpty();
                assertThat(log.records())
                        .as("the disk was filled more than once")
                        .isEqualTo(256);

                assertThat(heartbeat.awaitLives(2, PATIENCE))
                        .as("it boots again")
                        .isTrue();
                assertThat(heartbeat.awaitBeats(10, PATIENCE)).isTrue();
                assertThat(heartbeat.powerOff(PATIENCE).lost()).isZero();
                assertThat(qemu.waitFor()).isZero();
            } finally {
                qemu.destroyForcibly().waitFor();
            }
        }
    }

    @Test
    void eachFindsWhatWasSpoilt() throws Exception {
        Path disk = directory.resolve("log.raw");
        DiskLog.prepare(disk, 65536);
        try (Heartbeat heartbeat = Heartbeat.listen("checks", directory.resolve("beat"));
                StreamEcho echo = StreamEcho.listen(InetAddress.getLoopbackAddress())) {
            Process qemu = start(heartbeat, disk, arguments(echo) + " twinhype.spoil=" + String.join(",", ALL));
            try {
                for (String name : ALL) {
                    assertThat(heartbeat.awaitCheck(name, check -> check.errors() > 0, PATIENCE))
                            .as("%s: %s %s", name, heartbeat.checks(), said())
                            .isTrue();
                    assertThat(heartbeat.notes())
                            .anySatisfy(note -> assertThat(note).startsWith("note " + name + ": "));
                }
            } finally {
                qemu.destroyForcibly().waitFor();
            }
        }
    }

    private static GuestCheck check(Map<String, GuestCheck> checks, String name) {
        return Optional.ofNullable(checks.get(name)).orElseThrow();
    }
}
