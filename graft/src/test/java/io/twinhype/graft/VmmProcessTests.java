package io.twinhype.graft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VmmProcessTests {
    @TempDir
    private Path proc;

    private Path directory = Path.of("");

    @BeforeEach
    void make() throws Exception {
        directory = Files.createDirectories(proc.resolve("4711"));
        Files.writeString(directory.resolve("status"), "Name:\tqemu\nState:\tS (sleeping)\nNSpid:\t4711\t23\t7\n");
        Files.writeString(directory.resolve("environ"), "HOME=/\0TWINHYPE_GRAFT_DIR=/var/lib/vm 1\0");
        Files.writeString(directory.resolve("maps"), "7f0 r-xp 0 0:0 1 /usr/lib/libc.so.6\n");
    }

    private VmmProcess process() {
        return new VmmProcess(4711, proc);
    }

    @Test
    void theSocketIsNamedAsTheProcessSeesItself() throws Exception {
        assertThat(process().socket()).isEqualTo(directory.resolve("root/var/lib/vm 1/7.sock"));
    }

    @Test
    void theSocketsDirectoryHasADefaultAndMayBeRelative() throws Exception {
        Files.writeString(directory.resolve("environ"), "HOME=/\0TWINHYPE_GRAFT_DIR=\0");
        assertThat(process().socket()).isEqualTo(directory.resolve("root/run/twinhype/graft/7.sock"));
        Files.writeString(directory.resolve("environ"), "TWINHYPE_GRAFT_DIR=here\0");
        assertThat(process().socket()).isEqualTo(directory.resolve("cwd/here/7.sock"));
    }

    @Test
    void theLibraryIsSeenInTheProcessesMemory() throws Exception {
        assertThat(process().hasLibrary()).isFalse();
        Files.writeString(
                directory.resolve("maps"), "7f0 r-xp 0 0:0 1 /cache/graft/libtwinhype-graft-0123456789ab.so\n");
        assertThat(process().hasLibrary()).isTrue();
    }

    @Test
    void aZombieAndNothingAreNotAlive() throws Exception {
        assertThat(process().alive()).isTrue();
        Files.writeString(directory.resolve("status"), "State:\tZ (zombie)\n");
        assertThat(process().alive()).isFalse();
        assertThat(new VmmProcess(4712, proc).alive()).isFalse();
    }

    @Test
    void devicesAreToldByTheirNumbers() throws Exception {
        VmmProcess here = new VmmProcess(ProcessHandle.current().pid());
        DeviceNumber none = DeviceNumber.of(Path.of("/dev/null"));
        assertThat(none).isEqualTo(new DeviceNumber(1, 3)).hasToString("1:3");
        try (RandomAccessFile file = new RandomAccessFile("/dev/null", "rw")) {
            assertThat(file.getFD().valid()).isTrue();
            assertThat(here.devices()).as("no miscellaneous device").doesNotContain(none);
        }
        assertThat(here.hasVm()).isFalse();
        assertThat(DeviceNumber.of(proc)).isEqualTo(new DeviceNumber(0, 0));
    }
}
