package io.twinhype.lab;

import io.twinhype.kmod.testing.TestModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** An unpacked kernel package with the files that the lab looks for, and what is needed to boot left out. */
final class TestKernel {
    static final String RELEASE = "6.1.0-test-amd64";

    private TestKernel() {}

    /** A kernel whose drivers for the lab have Debian 12's dependencies. */
    static LabKernel in(Path root) throws IOException {
        Path modules = root.resolve("lib/modules").resolve(RELEASE);
        Files.createDirectories(root.resolve("boot"));
        Files.createDirectories(modules);
        Files.writeString(root.resolve("boot/vmlinuz-" + RELEASE), "image");
        Files.writeString(modules.resolve("modules.builtin"), "kernel/drivers/tty/serial/8250/8250.ko\n");
        Path kernel = modules.resolve("kernel");
        TestModule.write(kernel.resolve("drivers/virtio/virtio.ko"), "virtio", "");
        TestModule.write(kernel.resolve("drivers/virtio/virtio_ring.ko"), "virtio_ring", "");
        TestModule.write(kernel.resolve("drivers/virtio/virtio_pci.ko"), "virtio_pci", "virtio_ring,virtio");
        TestModule.write(kernel.resolve("drivers/char/virtio_console.ko"), "virtio_console", "virtio,virtio_ring");
        TestModule.write(kernel.resolve("net/9p/9pnet.ko"), "9pnet", "");
        TestModule.write(kernel.resolve("net/9p/9pnet_virtio.ko"), "9pnet_virtio", "virtio,9pnet,virtio_ring");
        TestModule.write(kernel.resolve("fs/9p/9p.ko"), "9p", "9pnet");
        TestModule.write(kernel.resolve("fs/overlayfs/overlay.ko"), "overlay", "");
        TestModule.write(kernel.resolve("virt/lib/irqbypass.ko"), "irqbypass", "");
        TestModule.write(kernel.resolve("drivers/crypto/ccp/ccp.ko"), "ccp", "");
        TestModule.write(kernel.resolve("drivers/net/tun.ko"), "tun", "");
        TestModule.write(kernel.resolve("drivers/vhost/vhost_net.ko"), "vhost_net", "tun");
        TestModule.write(kernel.resolve("arch/x86/kvm/kvm.ko"), "kvm", "irqbypass");
        TestModule.write(kernel.resolve("arch/x86/kvm/kvm-amd.ko"), "kvm_amd", "kvm,ccp");
        return new LabKernel(RELEASE, root.resolve("boot/vmlinuz-" + RELEASE), modules);
    }
}
