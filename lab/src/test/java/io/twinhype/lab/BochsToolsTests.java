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

final class BochsToolsTests {
    @TempDir
    private Path usr;

    @Test
    void namesThePackageOfEachThingThatIsMissing() throws Exception {
        missing("apt-get install bochs`");
        program("bochs-bin");
        missing("apt-get install xorriso");
        program("xorriso");
        missing("apt-get install mtools");
        program("mformat");
        missing("apt-get install grub-pc-bin");
        file("lib/grub/i386-pc/cdboot.img");
        missing("apt-get install bochs-term");
        file("lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so");
        missing("apt-get install bsdutils");
        program("script");
        missing("apt-get install util-linux");
        program("setpriv");
        missing("apt-get install grub-common");
        program("grub-mkrescue");
        missing("apt-get install busybox-static");
        program("busybox");
        missing("apt-get install bochsbios");
        file("share/bochs/BIOS-bochs-latest");
        missing("apt-get install vgabios");
        file("share/vgabios/vgabios.bin");
        assertThat(tools().bios()).isEqualTo(usr.resolve("share/bochs/BIOS-bochs-latest"));
    }

    private void missing(String sentence) {
        assertThatThrownBy(this::tools)
                .isInstanceOf(LabException.Unprepared.class)
                .hasMessageContaining(sentence);
    }

    private BochsTools tools() throws LabException {
        return BochsTools.in(Map.of("PATH", usr.resolve("bin").toString()), usr);
    }

    private void program(String name) throws IOException {
        Path file = file("bin/" + name);
        ByteBuffer elf = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f);
        Files.write(file, elf.array());
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private Path file(String name) throws IOException {
        Path file = usr.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, "");
    }
}
