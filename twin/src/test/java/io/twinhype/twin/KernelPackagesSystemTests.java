package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the package mirror of this machine's apt, and against one that does not answer. */
@Tag("system")
final class KernelPackagesSystemTests {
    private static final PackageStore.MirrorSource UNREACHABLE = (suite, apt) -> DebianMirror.at(
            apt,
            List.of("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://127.0.0.1:9/debian " + suite
                    + " main"));

    @TempDir
    Path directory;

    @Test
    void theCachedKernelIsUsedWithoutNetworkAndRepairedFromItsPackages()
            throws IOException, TwinException, InterruptedException {
        // The user's own cache, so that CI downloads 230 MiB once; damage is done to a copy.
        KernelTree fetched =
                new KernelPackages(TwinCache.of(System.getenv()), new ListeningProgress()).obtain(KernelSeries.V6_1);
        assertThat(fetched.release()).matches("6\\.1\\.0-\\d+-amd64");
        assertThat(fetched.vmlinuz()).isRegularFile();
        assertThat(fetched.sourceTarball()).isRegularFile();
        assertThat(fetched.headers().resolve("Module.symvers")).isRegularFile();
        assertThat(fetched.modulesDirectory().resolve("build/Makefile").toRealPath())
                .isEqualTo(fetched.headers().resolve("Makefile").toRealPath());
        Path kernel = fetched.root().resolveSibling("debs");
        Path copy = directory.resolve("kernels/6.1");
        Files.createDirectories(copy.resolve("debs"));
        Trees.copy(kernel, copy.resolve("debs"));

        ListeningProgress progress = new ListeningProgress();
        KernelPackages offline = new KernelPackages(new TwinCache(directory), progress, UNREACHABLE);
        KernelTree unpacked = offline.obtain(KernelSeries.V6_1);
        assertThat(unpacked.version()).isEqualTo(fetched.version());
        assertThat(progress.notes())
                .containsExactly("Unpacking the cached packages of version " + fetched.version() + " again.");

        KernelTree refreshed = offline.refresh(KernelSeries.V6_1);
        assertThat(refreshed).isEqualTo(unpacked);
        assertThat(progress.notes())
                .anyMatch(note -> note.startsWith("apt could not fetch the package lists: "))
                .last()
                .isEqualTo("Using the cached kernel " + fetched.release() + ", version " + fetched.version() + ".");

        Files.writeString(unpacked.vmlinuz(), "x", StandardOpenOption.APPEND);
        assertThat(offline.obtain(KernelSeries.V6_1)).isEqualTo(unpacked);
        assertThat(progress.notes())
                .anyMatch(note -> note.contains("is damaged: boot/vmlinuz-" + fetched.release() + " has "));
        assertThat(Files.mismatch(unpacked.vmlinuz(), fetched.vmlinuz())).isEqualTo(-1);

        try (var debs = Files.list(copy.resolve("debs"))) {
            Path deb = debs.filter(file -> file.toString().contains("linux-kbuild"))
                    .findFirst()
                    .orElseThrow();
            Files.writeString(deb, "x", StandardOpenOption.APPEND);
        }
        Files.delete(unpacked.sourceTarball());
        assertThatExceptionOfType(KernelFetchException.class)
                .isThrownBy(() -> offline.obtain(KernelSeries.V6_1))
                .withMessageContaining("There is no sound kernel 6.1 in");
        assertThat(progress.notes()).anyMatch(note -> note.contains("linux-kbuild") && note.contains("are damaged"));
    }

    @Test
    void anUnreachableMirrorWithAColdCacheIsOneSentence() {
        KernelPackages packages = new KernelPackages(new TwinCache(directory), Progress.SILENT, UNREACHABLE);
        assertThatExceptionOfType(KernelFetchException.class)
                .isThrownBy(() -> packages.obtain(KernelSeries.V6_1))
                .withMessageStartingWith("apt could not fetch the package lists: ")
                .withMessageContaining("run this again when the package mirror can be reached");
    }
}
