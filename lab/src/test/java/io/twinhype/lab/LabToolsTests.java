package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LabToolsTests {
    private static final int PT_LOAD = 1;
    private static final int PT_INTERP = 3;

    @TempDir
    private Path directory;

    @Test
    void findsProgramsOnThePathAndTheCache() throws Exception {
        program("qemu-system-x86_64", PT_LOAD);
        program("busybox", PT_LOAD);
        program("setpriv", PT_INTERP);
        program("taskset", PT_INTERP);
        LabTools tools = LabTools.in(Map.of("PATH", "/nowhere:" + directory, "XDG_CACHE_HOME", "/cache"));
        assertThat(tools.qemu()).isEqualTo(directory.resolve("qemu-system-x86_64"));
        assertThat(tools.cache()).isEqualTo(Path.of("/cache/twinhype/lab"));
    }

    @Test
    void namesThePackageOfAMissingProgram() throws Exception {
        assertThatThrownBy(this::tools).hasMessageContaining("apt-get install qemu-system-x86");
        program("qemu-system-x86_64", PT_LOAD);
        assertThatThrownBy(this::tools).hasMessageContaining("apt-get install busybox-static");
        program("busybox", PT_LOAD);
        assertThatThrownBy(this::tools).hasMessageContaining("apt-get install util-linux");
    }

    @Test
    void refusesADynamicBusybox() throws Exception {
        program("qemu-system-x86_64", PT_LOAD);
        program("busybox", PT_INTERP);
        program("setpriv", PT_INTERP);
        program("taskset", PT_INTERP);
        assertThatThrownBy(this::tools)
                .isInstanceOf(LabException.Unprepared.class)
                .hasMessageContaining("dynamically linked")
                .hasMessageContaining("apt-get install busybox-static");
    }

    private LabTools tools() throws LabException {
        return LabTools.in(Map.of("PATH", directory.toString()));
    }

    /** An ELF program with one program header. */
    private void program(String name, int headerType) throws IOException {
        ByteBuffer elf = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f);
        elf.putLong(32, 64);
        elf.putShort(54, (short) 56);
        elf.putShort(56, (short) 1);
        elf.putInt(64, headerType);
        Path file = Files.write(directory.resolve(name), elf.array());
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }
}
