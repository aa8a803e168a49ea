package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The unpacked toolchain; its packages are taken from, and kept in, the user's cache. */
@Tag("system")
final class ToolchainSystemTests {
    private static final PackageStore.MirrorSource UNREACHABLE = (suite, apt) -> DebianMirror.at(
            apt,
            List.of("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://127.0.0.1:9/debian " + suite
                    + " main"));

    @TempDir
    Path directory;

    @Test
    void aDamagedToolchainIsNoticedAndReplacedWithoutNetwork() throws Exception {
        PackageStore.Unpacked fetched =
                new Toolchain("trixie", TwinCache.of(System.getenv()), new ListeningProgress()).obtain();
        assertThat(fetched.set().packages())
                .extracting(DebianPackage::name)
                .contains("gcc-14", "binutils", "make", "libc6", "libelf1t64");
        Path copy = Files.createDirectories(directory.resolve("toolchains/trixie/debs"));
        Trees.copy(fetched.root().resolveSibling("debs"), copy);

        ListeningProgress progress = new ListeningProgress();
        Toolchain offline = new Toolchain("trixie", new TwinCache(directory), progress, UNREACHABLE);
        Path root = offline.obtain().root();
        assertThat(root.resolve("bin/sh")).isExecutable();
        assertThat(root.resolve("usr/bin/awk")).isExecutable();
        assertThat(offline.obtain().root()).isEqualTo(root);
        assertThat(progress.started()).containsExactly("Unpacking toolchain gcc-14");

        Path compiler = root.resolve("usr/bin/x86_64-linux-gnu-gcc-14");
        Files.writeString(compiler, "x", StandardOpenOption.APPEND);
        offline.obtain();
        assertThat(progress.notes())
                .anyMatch(note -> note.startsWith(
                        "The cached toolchain in " + root + " is damaged: usr/bin/x86_64-linux-gnu-gcc-14 has "));
        assertThat(Files.mismatch(compiler, fetched.root().resolve("usr/bin/x86_64-linux-gnu-gcc-14")))
                .isEqualTo(-1);

        try (var debs = Files.list(copy)) {
            Path deb = debs.filter(file -> file.toString().contains("/make_"))
                    .findFirst()
                    .orElseThrow();
            Files.writeString(deb, "x", StandardOpenOption.APPEND);
        }
        Files.delete(compiler);
        assertThatExceptionOfType(KernelFetchException.class)
                .isThrownBy(offline::obtain)
                .withMessageContaining("There is no sound toolchain trixie in");
    }
}
