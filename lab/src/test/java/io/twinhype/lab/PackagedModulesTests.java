package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PackagedModulesTests {
    @TempDir
    private Path root;

    private LabKernel kernel;

    @BeforeEach
    void unpackKernel() throws IOException {
        kernel = TestKernel.in(root);
    }

    @Test
    void dependenciesComeFirstAndOnce() throws Exception {
        List<ModuleToLoad> order = new PackagedModules(kernel)
                .inLoadOrder(List.of(kernel.module("kvm-amd"), kernel.module("virtio_pci"), kernel.module("kvm")));
        assertThat(names(order))
                .containsExactly("irqbypass", "kvm", "ccp", "kvm_amd", "virtio_ring", "virtio", "virtio_pci");
    }

    @Test
    void aGivenModuleReplacesThePackagedDependencyAndKeepsItsParameters() throws Exception {
        Path ours = TestModule.write(root.resolve("build/kvm.ko"), "kvm", "irqbypass");
        List<ModuleToLoad> order = new PackagedModules(kernel)
                .inLoadOrder(List.of(kernel.module("kvm_amd"), new ModuleToLoad(ours, "ignore_msrs=1")));
        assertThat(names(order)).containsExactly("irqbypass", "kvm", "ccp", "kvm_amd");
        assertThat(order.get(1)).isEqualTo(new ModuleToLoad(ours, "ignore_msrs=1"));
    }

    @Test
    void aBuiltInDependencyIsNotLoaded() throws Exception {
        Path ours = TestModule.write(root.resolve("build/x.ko"), "x", "8250");
        assertThat(names(new PackagedModules(kernel).inLoadOrder(List.of(new ModuleToLoad(ours)))))
                .containsExactly("x");
    }

    @Test
    void aDependencyThatIsNowhereIsNamed() throws Exception {
        Path ours = TestModule.write(root.resolve("build/x.ko"), "x", "twinhype_base");
        assertThatThrownBy(() -> new PackagedModules(kernel).inLoadOrder(List.of(new ModuleToLoad(ours))))
                .isInstanceOf(LabException.Unprepared.class)
                .hasMessageContaining("has no module twinhype_base");
    }

    @Test
    void aCompressedModuleIsRefusedByName() throws Exception {
        Path ko = kernel.modulesDirectory().resolve("kernel/fs/overlayfs/overlay.ko");
        Files.move(ko, ko.resolveSibling("overlay.ko.xz"));
        assertThatThrownBy(() -> kernel.module("overlay")).hasMessageContaining("overlay.ko.xz is compressed");
    }

    @Test
    void aFileThatIsNoModuleIsRefused() throws Exception {
        for (byte[] content : List.of(
                new byte[0],
                "#!/bin/sh\n".getBytes(StandardCharsets.UTF_8),
                java.util.Arrays.copyOf(TestModule.bytes("name=x\0"), 150))) {
            Path file = Files.write(root.resolve("x.ko"), content);
            assertThatThrownBy(() -> ModuleFile.read(file))
                    .isInstanceOf(LabException.Unprepared.class)
                    .hasMessageContaining(file + " is not a complete x86-64 kernel module");
        }
    }

    @Test
    void aMissingKernelIsSaidWithWhatToDo() {
        assertThatThrownBy(() -> LabKernel.unpackedIn(root.resolve("nowhere")))
                .isInstanceOf(LabException.Unprepared.class)
                .hasMessageContaining("twinhype kernel fetch");
    }

    @Test
    void theKernelIsFoundByItsImage() throws Exception {
        assertThat(LabKernel.unpackedIn(root)).isEqualTo(kernel);
    }

    private static List<String> names(List<ModuleToLoad> modules) {
        return modules.stream().map(module -> ModuleFile.nameOf(module.file())).toList();
    }
}
