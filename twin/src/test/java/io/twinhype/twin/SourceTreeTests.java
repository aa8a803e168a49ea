package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SourceTreeTests {
    @TempDir
    Path directory;

    @Test
    void theMakefileTellsTheVersion() throws Exception {
        assertThat(source("6.12.94")).satisfies(source -> {
            assertThat(source.series()).isEqualTo("6.12");
            assertThat(source.version()).isEqualTo("6.12.94");
            assertThat(source.isVersionOf(kernel("6.12", "6.12.94-1"))).isTrue();
            assertThat(source.isVersionOf(kernel("6.12", "6.12.9-1"))).isFalse();
            assertThat(source.isVersionOf(kernel("6.12", "6.12.117-1"))).isFalse();
        });
    }

    @Test
    void whatIsNoKernelSourceIsNamed() throws IOException {
        Files.writeString(directory.resolve("Makefile"), "all:\n\ttrue\n");
        for (Path each : List.of(directory, directory.resolve("nowhere"), directory.resolve("Makefile"))) {
            assertThatExceptionOfType(TwinException.class)
                    .isThrownBy(() -> SourceTree.in(each))
                    .withMessageContaining(each + " has no Makefile that tells a kernel's version");
        }
    }

    @Test
    void aSourceWithoutAllOfKvmIsRefused() throws Exception {
        SourceTree whole = source("6.12.94");
        whole.requireKvmFor(kernel("6.12", "6.12.117-1"));
        Files.delete(directory.resolve("include/linux/kvm_host.h"));
        assertThatExceptionOfType(TwinException.class)
                .isThrownBy(() -> whole.requireKvmFor(kernel("6.12", "6.12.117-1")))
                .withMessageContaining("is the source of Linux 6.12.94, but without include/linux/kvm_host.h");
    }

    @Test
    void aSourceOfAnotherSeriesIsRefused() throws Exception {
        SourceTree source = source("6.12.94");
        assertThatExceptionOfType(TwinException.class)
                .isThrownBy(() -> source.requireKvmFor(kernel("6.1", "6.1.192-2")))
                .withMessageContaining("the series differ")
                .withMessageEndingWith("or the kernel by --kernel 6.12.");
    }

    @Test
    void whatACompilationLeftIsNotPartOfIt() throws Exception {
        SourceTree source = source("6.12.94");
        String before = KvmSource.hash(source);
        for (String left : List.of("x.o", ".x.o.cmd", "kvm-asm-offsets.h", "kvm.mod.c")) {
            Files.writeString(directory.resolve("arch/x86/kvm").resolve(left), "built");
        }
        assertThat(KvmSource.hash(source)).isEqualTo(before);
        Path copy = directory.resolve("copy");
        KvmSource.copy(source, copy);
        assertThat(Trees.files(copy)).hasSize(KvmSource.PARTS.size());
        Files.writeString(directory.resolve("virt/kvm/file.c"), "changed");
        assertThat(KvmSource.hash(source)).isNotEqualTo(before);
    }

    private SourceTree source(String version) throws Exception {
        String[] numbers = version.split("\\.", -1);
        Files.writeString(
                directory.resolve("Makefile"),
                "# SPDX\nVERSION = " + numbers[0] + "\nPATCHLEVEL = " + numbers[1] + "\nSUBLEVEL = " + numbers[2]
                        + "\n");
        for (String part : KvmSource.PARTS) {
            Path file = directory.resolve(part.endsWith(".h") ? part : part + "/file.c");
            Files.createDirectories(file.resolveSibling("."));
            Files.writeString(file, part);
        }
        return SourceTree.in(directory);
    }

    private static KernelTree kernel(String series, String version) {
        return KernelTree.in(Path.of("/"), new PackageSet(series, version + "-amd64", version, List.of()));
    }
}
