package io.twinhype.kmod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinhype.kmod.testing.TestModule;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

final class PackagedModulesTests {
    @TempDir
    private Path root;

    private PackagedModules packaged;

    @BeforeEach
    void unpackKernel() throws Exception {
        Files.writeString(root.resolve("modules.builtin"), "kernel/drivers/tty/serial/8250/8250.ko\n");
        module("virtio", "");
        module("virtio_ring", "");
        module("virtio_pci", "virtio_ring,virtio");
        module("irqbypass", "");
        module("ccp", "");
        module("kvm", "irqbypass");
        TestModule.write(root.resolve("kernel/arch/kvm-amd.ko"), "kvm_amd", "kvm,ccp");
        packaged = PackagedModules.in(root);
    }

    private Path module(String name, String depends) throws IOException {
        return TestModule.write(root.resolve("kernel/drivers/" + name + ".ko"), name, depends);
    }

    @Test
    void dependenciesComeFirstAndOnce() throws Exception {
        assertThat(names(packaged.filesOf(List.of("kvm-amd", "8250", "virtio_pci", "kvm"))))
                .containsExactly("irqbypass", "kvm", "ccp", "kvm_amd", "virtio_ring", "virtio", "virtio_pci");
    }

    @Test
    void aGivenModuleReplacesThePackagedDependency() throws Exception {
        Path ours = TestModule.write(root.resolve("build/kvm.ko"), "kvm", "irqbypass");
        List<Path> order = packaged.inLoadOrder(List.of(packaged.file("kvm_amd"), ours));
        assertThat(names(List.of(packaged.file("kvm_amd"), ours)))
                .containsExactly("irqbypass", "kvm", "ccp", "kvm_amd");
        assertThat(order.get(1)).isEqualTo(ours);
    }

    @Test
    void aBuiltInDependencyIsNotLoaded() throws Exception {
        assertThat(names(List.of(TestModule.write(root.resolve("build/x.ko"), "x", "8250"))))
                .containsExactly("x");
    }

    @Test
    void aDependencyThatIsNowhereIsNamed() throws Exception {
        Path ours = TestModule.write(root.resolve("build/x.ko"), "x", "twinhype_base");
        assertThatThrownBy(() -> packaged.inLoadOrder(List.of(ours)))
                .isInstanceOf(KernelModuleException.class)
                .hasMessageContaining("has no module twinhype_base");
    }

    @Test
    void modulesThatNeedEachOtherAreRefused() throws Exception {
        module("irqbypass", "kvm");
        assertThatThrownBy(() -> packaged.inLoadOrder(List.of(packaged.file("kvm-amd"))))
                .isInstanceOf(KernelModuleException.class)
                .hasMessageContaining("in a circle: kvm_amd, kvm, irqbypass, kvm.");
    }

    @Test
    void compressedModulesAreReadAsWhatTheyHold() throws Exception {
        Path plain = packaged.file("kvm");
        byte[] elf = Files.readAllBytes(plain);
        Path xz = plain.resolveSibling("kvm.ko.xz");
        try (OutputStream out = new XZOutputStream(Files.newOutputStream(xz), new LZMA2Options())) {
            out.write(elf);
        }
        Path gz = plain.resolveSibling("ccp.ko.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gz))) {
            out.write(TestModule.bytes("name=ccp\0depends=\0"));
        }
        Files.delete(plain);
        Files.delete(plain.resolveSibling("ccp.ko"));
        packaged = PackagedModules.in(root);
        assertThat(packaged.inLoadOrder(List.of(packaged.file("kvm-amd"))))
                .containsExactly(packaged.file("irqbypass"), xz, gz, packaged.file("kvm-amd"));
        assertThat(KernelModule.elf(xz)).isEqualTo(elf);
        assertThat(KernelModule.elfName(xz)).isEqualTo("kvm.ko");
    }

    @Test
    void aDamagedCompressedModuleIsNamed() throws Exception {
        Path file = root.resolve("kernel/x.ko.xz");
        try (OutputStream out = new XZOutputStream(Files.newOutputStream(file), new LZMA2Options())) {
            out.write(TestModule.bytes("name=x\0"));
        }
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 80));
        assertThatThrownBy(() -> KernelModule.read(file))
                .isInstanceOf(KernelModuleException.class)
                .hasMessageStartingWith("The kernel module " + file + " cannot be read (")
                .hasMessageEndingWith("build or fetch it again.");
    }

    @Test
    void zstdIsRefusedByName() throws Exception {
        Path file = Files.writeString(root.resolve("kernel/x.ko.zst"), "(/");
        assertThatThrownBy(() -> KernelModule.read(file)).hasMessageContaining("x.ko.zst is compressed by zstd");
    }

    @Test
    void aFileThatIsNoModuleIsRefused() throws Exception {
        byte[] noInformation = TestModule.bytes("name=x\0");
        noInformation[64 + 1] = '_';
        for (byte[] content : List.of(
                new byte[0],
                "#!/bin/sh\n".getBytes(StandardCharsets.UTF_8),
                Arrays.copyOf(TestModule.bytes("name=x\0"), 150),
                noInformation)) {
            Path file = Files.write(root.resolve("x.ko"), content);
            assertThatThrownBy(() -> KernelModule.read(file))
                    .isInstanceOf(KernelModuleException.class)
                    .hasMessageContaining(file + " is not a complete x86-64 kernel module");
        }
    }

    @Test
    void aDirectoryWithoutModulesIsNamed() {
        assertThatThrownBy(() -> PackagedModules.in(root.resolve("nowhere")))
                .isInstanceOf(KernelModuleException.class)
                .hasMessageContaining(root.resolve("nowhere").toString());
    }

    private List<String> names(List<Path> wanted) throws KernelModuleException {
        return packaged.inLoadOrder(wanted).stream().map(KernelModule::nameOf).toList();
    }
}
