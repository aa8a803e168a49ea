package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Roots of hosts, with a module of the real kernel or of another one. */
@Tag("system")
final class InstalledKernelSystemTests {
    private static final TwinCache CACHE = TwinCache.of(System.getenv());
    private static final String MODULE = "kernel/virt/lib/irqbypass.ko";

    @TempDir
    private Path root;

    private KernelTree cached;

    @BeforeEach
    void obtain() throws Exception {
        cached = new KernelPackages(CACHE, Progress.SILENT).obtain(KernelSeries.V6_1);
    }

    @Test
    void theSameKernelIsBuiltForFromTheCache() throws Exception {
        InstalledKernel kernel = installed(cached.release(), false);
        assertThat(kernel.packages(CACHE, Progress.SILENT)).isEqualTo(cached);
        assertThat(kernel.hasHeaders()).isFalse();
    }

    @Test
    void anotherBuildOfTheSameNameIsAnotherKernel() throws Exception {
        assertThat(installed(cached.release(), true).isThisKernel(cached)).isFalse();
        assertThat(installed("6.1.0-1-amd64", false).isThisKernel(cached)).isFalse();
        assertThat(installed(cached.release(), false).isThisKernel(cached)).isTrue();
    }

    @Test
    void aKernelThatIsNotInstalledOrHasNoEditsIsNamed() throws Exception {
        installed("6.1.0-1-amd64", false);
        assertThatExceptionOfType(KernelFetchException.class)
                .isThrownBy(() -> new InstalledKernel(root, "6.1.0-2-amd64").packages(CACHE, Progress.SILENT))
                .withMessage("Kernel 6.1.0-2-amd64 is not installed: there are no modules in "
                        + root.resolve("lib/modules/6.1.0-2-amd64")
                        + ". Name an installed kernel with --kernel-release; here: 6.1.0-1-amd64.");
        installed("5.10.0-1-amd64", false);
        assertThatExceptionOfType(KernelFetchException.class)
                .isThrownBy(() -> new InstalledKernel(root, "5.10.0-1-amd64").packages(CACHE, Progress.SILENT))
                .withMessageStartingWith("There are no edits for kernel series 5.10; choose one of: 6.1");
        assertThatExceptionOfType(KernelFetchException.class)
                .isThrownBy(() -> new InstalledKernel(root, "generic").series())
                .withMessageContaining("is not a kernel's release");
    }

    private InstalledKernel installed(String release, boolean changed) throws Exception {
        Path module = root.resolve("lib/modules").resolve(release).resolve(MODULE);
        Files.createDirectories(module.resolveSibling("."));
        byte[] bytes = Files.readAllBytes(cached.modulesDirectory().resolve(MODULE));
        if (changed) {
            bytes[bytes.length - 100] ^= 1;
        }
        Files.write(module, bytes);
        return new InstalledKernel(root, release);
    }
}
