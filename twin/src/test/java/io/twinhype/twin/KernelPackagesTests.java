package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KernelPackagesTests {
    @TempDir
    Path directory;

    @Test
    void aSetIsCompleteOnlyInOneVersion() {
        List<DebianPackage> available = List.of(
                part("linux-image-6.1.0-56-amd64", "6.1.192-2"),
                part("linux-headers-6.1.0-56-amd64", "6.1.192-2"),
                part("linux-headers-6.1.0-56-common", "6.1.192-2"),
                part("linux-image-6.1.0-50-amd64", "6.1.176-1"),
                part("linux-headers-6.1.0-50-amd64", "6.1.176-1"),
                part("linux-headers-6.1.0-50-common", "6.1.176-1"),
                part("linux-kbuild-6.1", "6.1.192-2"),
                part("linux-source-6.1", "6.1.192-2"),
                part("linux-source-6.1", "6.1.176-1"));
        assertThat(PackageSet.complete(KernelSeries.V6_1, available))
                .singleElement()
                .satisfies(set -> {
                    assertThat(set.release()).isEqualTo("6.1.0-56-amd64");
                    assertThat(set.version()).isEqualTo("6.1.192-2");
                    assertThat(set.packages()).hasSize(5).allMatch(each -> each.version()
                            .equals("6.1.192-2"));
                });
    }

    @Test
    void otherFlavoursAreNotLookedAt() {
        assertThat(List.of(
                                "linux-image-6.1.0-56-cloud-amd64",
                                "linux-image-6.1.0-56-amd64-dbg",
                                "linux-image-6.1.0-56-amd64-unsigned",
                                "linux-headers-6.1.0-56-common-rt",
                                "linux-image-6.12.0-3-amd64")
                        .stream()
                        .filter(PackageSet.names(KernelSeries.V6_1).asMatchPredicate()))
                .isEmpty();
    }

    @Test
    void theIndexIsParsed() {
        assertThat(DebianMirror.parse("""
                Package: linux-kbuild-6.1
                Source: linux
                Version: 6.1.192-2
                Size: 1213244
                Description: Kbuild infrastructure
                 Version: not a field
                SHA256: 9db1

                Package: broken
                Version: 1
                """))
                .containsExactly(new DebianPackage("linux-kbuild-6.1", "6.1.192-2", "9db1", 1213244));
    }

    @Test
    void withoutMirrorAndCacheOneSentenceSaysWhatToDo() {
        KernelPackages packages = new KernelPackages(new TwinCache(directory), Progress.SILENT, (suite, apt) -> {
            throw new KernelFetchException("apt could not fetch the package lists: Could not connect.");
        });
        assertThatExceptionOfType(KernelFetchException.class)
                .isThrownBy(() -> packages.obtain(KernelSeries.V6_1))
                .withMessage(
                        "apt could not fetch the package lists: Could not connect. There is no sound kernel 6.1 in "
                                + directory.resolve("kernels/6.1")
                                + " to use instead; run this again when the package mirror can be reached.");
    }

    @Test
    void anUnknownSeriesNamesTheKnownOnes() {
        assertThatExceptionOfType(KernelFetchException.class)
                .isThrownBy(() -> KernelSeries.of("5.10"))
                .withMessage("There are no edits for kernel series 5.10; choose one of: 6.1, 6.12.");
    }

    @Test
    void changedMissingAndForeignFilesAreFound() throws IOException, InterruptedException {
        Path vmlinuz = Files.createDirectories(directory.resolve("boot")).resolve("vmlinuz");
        Files.writeString(vmlinuz, "kernel");
        Files.createSymbolicLink(directory.resolve("boot/link"), Path.of("vmlinuz"));
        Path table = directory.resolve("table.tsv");
        FileRecord.write(FileRecord.of(directory), table);
        List<FileRecord> records = FileRecord.read(table);
        assertThat(difference(records, true)).isEmpty();
        assertThat(difference(records, false)).isEmpty();

        Files.writeString(vmlinuz, "kernal");
        Files.setLastModifiedTime(vmlinuz, java.nio.file.attribute.FileTime.fromMillis(1));
        assertThat(difference(records, false)).isEqualTo("boot/vmlinuz was changed");
        Files.writeString(vmlinuz, "kern");
        assertThat(difference(records, false)).isEqualTo("boot/vmlinuz has 4 bytes instead of 6");
        Files.delete(vmlinuz);
        assertThat(difference(records, false)).isEqualTo("boot/vmlinuz is missing");
        Files.writeString(vmlinuz, "kernel");
        Files.writeString(directory.resolve("boot/extra.h"), "");
        assertThat(difference(records, true)).isEqualTo("boot/extra.h does not belong there");
        Files.delete(directory.resolve("boot/extra.h"));
        Files.delete(directory.resolve("boot/link"));
        Files.createSymbolicLink(directory.resolve("boot/link"), Path.of("/etc/passwd"));
        assertThat(difference(records, false)).isEqualTo("boot/link was changed");
    }

    private String difference(List<FileRecord> records, boolean thorough) throws IOException, InterruptedException {
        return FileRecord.difference(records, directory, thorough, Set.of("table.tsv"))
                .orElse("");
    }

    private static DebianPackage part(String name, String version) {
        return new DebianPackage(name, version, "00", 1);
    }
}
