package io.twinhype.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is concluded from a QEMU's help, and from a QEMU that does not start. */
final class QemuBinaryTests {
    private static final Accelerator FIRST = new Accelerator.Kvm(Accelerator.Kvm.DEFAULT_DEVICE);
    private static final Accelerator SECOND = new Accelerator.Kvm(Path.of("/dev/kvm2"));

    @TempDir
    Path directory;

    private QemuBinary program(String script) throws IOException {
        Path file = Files.writeString(directory.resolve("qemu"), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new QemuBinary(file);
    }

    @Test
    void aQemuWithTheDeviceOptionRunsAsItIs() throws Exception {
        QemuBinary qemu = program("echo '                device=path (KVM device path, default /dev/kvm)'");

        assertThat(qemu.command(SECOND)).containsExactly(qemu.path().toString());
        assertThat(qemu.namesDevice(SECOND)).isTrue();
        assertThat(qemu.namesDevice(FIRST)).isFalse();
    }

    @Test
    void anOlderOneGetsTheDeviceUnderTheNameItOpens() throws Exception {
        QemuBinary qemu = program("echo '-accel [accel=]accelerator'");

        assertThat(qemu.command(SECOND))
                .startsWith("unshare", "--mount", "--propagation", "private")
                .endsWith("/dev/kvm2", qemu.path().toString());
        assertThat(qemu.namesDevice(SECOND)).isFalse();
        assertThat(qemu.command(FIRST)).containsExactly(qemu.path().toString());
        assertThat(qemu.command(new Accelerator.Tcg()))
                .containsExactly(qemu.path().toString());
    }

    @Test
    void aQemuThatDiesAtOnceIsReportedWithItsLastWords() throws Exception {
        var launcher =
                new QemuLauncher(program("echo 'qemu: no such machine' >&2; exit 3"), true, Duration.ofSeconds(30));

        assertThatThrownBy(() -> launcher.start(
                        "web1", directory.resolve("run"), new Accelerator.Tcg(), new QemuCommandLine("web1")))
                .isInstanceOf(QemuException.NotStarted.class)
                .hasMessage("QEMU of web1 did not start: it ended with status 3; it said: qemu: no such machine");
    }

    @Test
    void aQemuThatNeverAnswersIsKilled() throws Exception {
        Path pid = directory.resolve("pid");
        var launcher = new QemuLauncher(program("echo $$ > " + pid + "; exec sleep 1000"), true, Duration.ofSeconds(1));

        assertThatThrownBy(() -> launcher.start(
                        "web1", directory.resolve("run"), new Accelerator.Tcg(), new QemuCommandLine("web1")))
                .isInstanceOf(QemuException.NotStarted.class)
                .hasMessageContaining("did not open its monitor within 1 s");
        assertThat(ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())))
                .as("the process")
                .isEmpty();
    }

    @Test
    void aMissingQemuIsNamed() {
        var qemu = new QemuBinary(directory.resolve("absent"));

        assertThatThrownBy(() -> qemu.command(SECOND))
                .isInstanceOf(QemuException.NotStarted.class)
                .hasMessageContaining("qemu-system-x86");
    }

    @Test
    void aDirectoryTooDeepForSocketsIsRefused() {
        Path deep = directory.resolve("d".repeat(100));
        var launcher = new QemuLauncher(new QemuBinary(Path.of("qemu")), true, Duration.ofSeconds(1));

        assertThatThrownBy(() -> launcher.start("web1", deep, new Accelerator.Tcg(), new QemuCommandLine("web1")))
                .isInstanceOf(QemuException.NotStarted.class)
                .hasMessageContaining("choose a shorter runtime directory");
    }
}
