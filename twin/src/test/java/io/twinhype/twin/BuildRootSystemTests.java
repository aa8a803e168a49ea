package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Compiles for Debian 13's kernel, on whatever Debian this is; the toolchain is taken from, and kept in, the user's cache. */
@Tag("system")
final class BuildRootSystemTests {
    private static final Path KERNEL = Path.of("..", "kernel").toAbsolutePath().normalize();
    private static final TwinCache CACHE = TwinCache.of(System.getenv());

    private static KernelTree kernel;

    @BeforeAll
    static void obtainKernel() throws TwinException, InterruptedException {
        kernel = new KernelPackages(CACHE, new ListeningProgress()).obtain(KernelSeries.V6_12);
    }

    @Test
    void debians13KernelIsWhole() {
        assertThat(kernel.release()).matches("6\\.12\\.\\d+\\+deb13(\\.\\d+)?-amd64");
        assertThat(kernel.vmlinuz()).isRegularFile();
        assertThat(kernel.sourceTarball()).isRegularFile();
        assertThat(kernel.headers().resolve("Module.symvers")).isRegularFile();
        assertThat(kernel.modulesDirectory().resolve("build/Makefile")).isRegularFile();
        assertThat(kernel.modulesDirectory().resolve("kernel/arch/x86/kvm/kvm.ko.xz"))
                .isRegularFile();
    }

    @Test
    void aModuleIsBuiltByTheCompilerThatBuiltTheKernel() throws Exception {
        ModuleBuild probe =
                new HypervisorBuilder(CACHE, new KernelSources(KERNEL), new ListeningProgress()).buildProbe(kernel);
        assertThat(ModuleFile.read(probe.file()).info())
                .containsEntry("name", "invlpga_probe")
                .hasEntrySatisfying("vermagic", vermagic -> assertThat(vermagic).startsWith(kernel.release() + " "));
        assertThat(probe.record().compiler()).contains("14.");
    }

    @Test
    void programsRunAmongTheFilesOfTheKernelsRelease() throws Exception {
        BuildRoot root = BuildRoot.of(kernel, CACHE, new ListeningProgress());
        Tool.Result release =
                root.tool(List.of("cat", "/etc/os-release"), Path.of("/")).run();
        assertThat(BuildRoot.codename(release.output().lines().toList())).isEqualTo("trixie");
        assertThat(root.tool(
                                List.of(
                                        "test",
                                        "-r",
                                        kernel.headers().resolve(".config").toString()),
                                kernel.headers())
                        .run()
                        .succeeded())
                .as("the kernel's headers are seen under their own path")
                .isTrue();
    }
}
