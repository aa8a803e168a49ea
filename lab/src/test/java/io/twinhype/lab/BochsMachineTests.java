package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BochsMachineTests {
    private static final LabKernel KERNEL = new LabKernel("6.1", Path.of("/image"), Path.of("/modules"));

    @TempDir
    private Path directory;

    @Test
    void settingsSayWhatTheSpecSays() {
        BochsMachine machine = new BochsMachine(tools(), new BochsSpec(KERNEL, 2, 768, List.of(), Map.of()));
        assertThat(machine.settings().lines())
                .anySatisfy(line -> assertThat(line).startsWith("cpu: ").contains("count=2"))
                .contains("memory: guest=768, host=768", "romimage: file=/bios", "vgaromimage: file=/vgabios");
    }

    @Test
    void bochsEndsWithWhatStartedIt() {
        assertThat(new BochsMachine(tools(), new BochsSpec(KERNEL, List.of(), Map.of())).command())
                .startsWith("/setpriv", "--pdeathsig", "KILL", "/script")
                .anySatisfy(word -> assertThat(word).contains("exec '/setpriv' '--pdeathsig' 'KILL' '/bochs'"));
    }

    @Test
    void whatBochsCannotBeGivenIsRefused() {
        assertThatThrownBy(() -> new BochsSpec(KERNEL, 3, 512, List.of(), Map.of()))
                .hasMessageContaining("1 to 2 CPUs, not 3");
        assertThatThrownBy(() -> new BochsSpec(KERNEL, 1, 100, List.of(), Map.of()))
                .hasMessageContaining("256 to 2048 MiB of memory, not 100");
        for (String name : List.of("/bin/x", "../x", "bin/", "a b", "")) {
            assertThatThrownBy(() -> new BochsSpec(KERNEL, List.of(), Map.of(name, Path.of("/x"))))
                    .hasMessageContaining("cannot be called '" + name + "'");
        }
    }

    @Test
    void aSerialPortIsReadAsItGrows() throws Exception {
        Path file = directory.resolve("port");
        ByteArrayOutputStream copy = new ByteArrayOutputStream();
        SerialFile port = new SerialFile(file, copy);
        assertThat(port.read()).isEmpty();
        Files.writeString(file, "one\r\ntw");
        assertThat(port.read()).containsExactly("one");
        Files.writeString(file, "o\nthree\n", StandardOpenOption.APPEND);
        assertThat(port.read()).containsExactly("two", "three");
        assertThat(port.read()).isEmpty();
        assertThat(copy.toString(StandardCharsets.UTF_8)).isEqualTo("one\r\ntwo\nthree\n");
        assertThat(port.position()).isEqualTo(copy.size());
    }

    @Test
    void whereBochsDrawsIsFoundInItsWords() {
        assertThat(BochsScreen.terminal("Bochs connected to screen \"/dev/pts/12\" Next at t=0"))
                .contains("/dev/pts/12");
        assertThat(BochsScreen.terminal("00000000000i[      ] Bochs x86 Emulator"))
                .isEmpty();
    }

    @Test
    void outputThatCannotBePassedOnIsSaid() throws Exception {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        Path file = Files.writeString(directory.resolve("port"), "x\n");
        assertThatThrownBy(() -> new SerialFile(file, full).read())
                .isInstanceOf(LabException.OutputLost.class)
                .hasMessageContaining("No space left on device");
    }

    private static BochsTools tools() {
        return new BochsTools(
                Path.of("/bochs"),
                Path.of("/script"),
                Path.of("/setpriv"),
                Path.of("/mkrescue"),
                Path.of("/busybox"),
                Path.of("/bios"),
                Path.of("/vgabios"),
                Path.of("/cache"));
    }
}
