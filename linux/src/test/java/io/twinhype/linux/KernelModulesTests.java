package io.twinhype.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loading and unloading for real happens in the lab; here, what the kernel refuses and how it is told. */
final class KernelModulesTests {
    @TempDir
    Path directory;

    @Test
    void unloadingWhatIsNotLoadedNamesIt() {
        assertThatExceptionOfType(LinuxException.class)
                .isThrownBy(() -> new KernelModules().unload("twinhype_no_such_module"))
                .satisfies(e -> {
                    // ENOENT for root; EPERM without CAP_SYS_MODULE; ENOSYS on a kernel without unloading.
                    assertThat(e.errno().symbol()).isIn("ENOENT", "EPERM", "ENOSYS");
                    assertThat(e).hasMessageStartingWith("delete_module twinhype_no_such_module: ");
                });
    }

    @Test
    void loadingWhatIsNoModuleNamesTheFile() throws IOException {
        Path file = Files.writeString(directory.resolve("text.ko"), "not an ELF file");
        assertThatExceptionOfType(LinuxException.class)
                .isThrownBy(() -> new KernelModules().load(file, ""))
                .satisfies(e -> {
                    assertThat(e.errno().symbol()).isIn("ENOEXEC", "EPERM", "ENOSYS");
                    assertThat(e).hasMessageStartingWith("finit_module " + file + ": ");
                });
    }

    @Test
    void loadingAMissingFileNamesIt() {
        Path file = directory.resolve("missing.ko");
        assertThatExceptionOfType(LinuxException.class)
                .isThrownBy(() -> new KernelModules().load(file, ""))
                .withMessage("open " + file + ": No such file or directory (ENOENT)");
    }

    @Test
    void theListingIsParsed() throws IOException {
        Path listing = Files.writeString(directory.resolve("modules"), """
                twinhype_a 1966080 2 - Live 0xffffffffc0a00000 (OE)
                twinhype_base 24576 2 twinhype_b,twinhype_a, Live 0xffffffffc09f0000 (OE)
                loop 40960 0 - Loading 0x0000000000000000
                """);
        KernelModules modules = new KernelModules(listing);
        assertThat(modules.loaded())
                .containsExactly(
                        new LoadedModule("twinhype_a", 1966080, 2, List.of(), "Live"),
                        new LoadedModule("twinhype_base", 24576, 2, List.of("twinhype_b", "twinhype_a"), "Live"),
                        new LoadedModule("loop", 40960, 0, List.of(), "Loading"));
        assertThat(modules.find("loop")).isPresent();
        assertThat(modules.find("kvm")).isEmpty();
    }

    @Test
    void aLineThatIsNoneIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KernelModules.parse("loop 40960"))
                .withMessageContaining("loop 40960");
    }

    @Test
    void recordsOfTheKernelLogAreParsed() {
        assertThat(KernelLog.parse("4,1234,98765,-;twinhype_b: ABI version 2, base has 1\n SUBSYSTEM=module\n"))
                .contains("twinhype_b: ABI version 2, base has 1");
        assertThat(KernelLog.parse("30,1235,98766,-;systemd[1]: hello\n"))
                .as("user space")
                .isEmpty();
        assertThat(KernelLog.parse("nonsense")).isEmpty();
    }
}
