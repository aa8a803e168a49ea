package io.twinhype.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinhype.kmod.testing.TestModule;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** What the guest boots from, built from a made-up kernel package. */
final class GuestImageTests {
    private static final byte[] UNPACKED = "\177ELF the kernel itself".getBytes(StandardCharsets.ISO_8859_1);

    @TempDir
    Path directory;

    private Path root(byte[] payload) throws IOException {
        Path root = directory.resolve("root");
        Files.createDirectories(root.resolve("boot"));
        Files.write(root.resolve("boot/vmlinuz-1.0"), bzImage(payload));
        Path drivers = Files.createDirectories(root.resolve("lib/modules/1.0/kernel/drivers"));
        Files.writeString(root.resolve("lib/modules/1.0/modules.builtin"), "");
        Files.write(drivers.resolve("virtio_pci.ko"), module("depends=virtio,virtio-ring"));
        Files.write(drivers.resolve("virtio_blk.ko"), module("depends=virtio"));
        Files.write(drivers.resolve("virtio_console.ko"), module("depends="));
        Files.write(drivers.resolve("virtio.ko"), module("license=GPL", "depends=virtio_ring"));
        Files.write(drivers.resolve("virtio_ring.ko"), module("license=GPL"));
        Files.write(drivers.resolve("unwanted.ko"), module("depends="));
        return root;
    }

    private static byte[] xz(byte[] content) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (OutputStream out = new XZOutputStream(packed, new LZMA2Options(0))) {
            out.write(content);
        }
        return packed.toByteArray();
    }

    private static byte[] gzip(byte[] content) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(content);
        }
        return packed.toByteArray();
    }

    /** One setup sector after the boot sector, then four bytes, then the payload, then what else there may be. */
    private static byte[] bzImage(byte[] payload) {
        ByteBuffer image = ByteBuffer.allocate(1024 + 4 + payload.length + 100).order(ByteOrder.LITTLE_ENDIAN);
        image.put(0x1f1, (byte) 1);
        image.putInt(0x202, 0x53726448);
        image.putInt(0x248, 4);
        image.putInt(0x24c, payload.length);
        image.put(1024 + 4, payload);
        return image.array();
    }

    /** An ELF file with the sections null, .modinfo and .shstrtab. */
    private static byte[] module(String... information) {
        return TestModule.bytes(String.join("\0", information) + "\0");
    }

    private static List<String> names(Path initramfs) throws IOException {
        var names = new ArrayList<String>();
        try (var archive = new CpioArchiveInputStream(Files.newInputStream(initramfs))) {
            for (var entry = archive.getNextEntry(); entry != null; entry = archive.getNextEntry()) {
                names.add(entry.getName());
                if (entry.getName().equals("modules/order")) {
                    names.add(new String(archive.readAllBytes(), StandardCharsets.UTF_8));
                }
            }
        }
        return names;
    }

    @Test
    void containsTheProgramAndTheModulesInOrder() throws Exception {
        Path more = Files.write(directory.resolve("more.ko"), module("depends="));

        GuestImage image = GuestImage.build(root(xz(UNPACKED)), directory.resolve("cache"), List.of(more));

        assertThat(names(image.initramfs()))
                .startsWith("init", "modules")
                .contains("modules/virtio_pci.ko", "modules/more.ko")
                .doesNotContain("modules/unwanted.ko")
                .endsWith(
                        "modules/order",
                        "virtio_ring.ko\nvirtio.ko\nvirtio_pci.ko\nvirtio_blk.ko\nvirtio_console.ko\nmore.ko\n");
        assertThat(image.kernel()).hasBinaryContent(UNPACKED);
    }

    @Test
    void theSameIngredientsAreNotBuiltTwice() throws Exception {
        Path root = root(gzip(UNPACKED));
        GuestImage first = GuestImage.build(root, directory.resolve("cache"), List.of());
        var written = Files.getLastModifiedTime(first.kernel());

        GuestImage second = GuestImage.build(root, directory.resolve("cache"), List.of());

        assertThat(second).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(second.kernel())).isEqualTo(written);
        assertThat(first.kernel()).hasBinaryContent(UNPACKED);
        try (var files = Files.list(directory.resolve("cache"))) {
            assertThat(files).as("nothing unfinished is left").hasSize(3);
        }
    }

    @Test
    void aKernelPackedInAnUnknownWayIsBootedAsItIs() throws Exception {
        Path root = root("unknown".getBytes(StandardCharsets.US_ASCII));

        assertThat(GuestImage.build(root, directory.resolve("cache"), List.of()).kernel())
                .isEqualTo(root.resolve("boot/vmlinuz-1.0"));
    }

    @Test
    void aDamagedKernelIsNamed() throws Exception {
        Path root = root(xz(UNPACKED));
        Path kernel = Files.writeString(root.resolve("boot/vmlinuz-1.0"), "not a kernel");

        assertThatThrownBy(() -> GuestImage.build(root, directory.resolve("cache"), List.of()))
                .isInstanceOf(GuestException.class)
                .hasMessageContaining(kernel.toString())
                .hasMessageContaining("not a Linux kernel image");
    }

    @Test
    void aMissingModuleIsNamed() throws Exception {
        Path root = root(xz(UNPACKED));
        Files.delete(root.resolve("lib/modules/1.0/kernel/drivers/virtio_ring.ko"));

        assertThatThrownBy(() -> GuestImage.build(root, directory.resolve("cache"), List.of()))
                .isInstanceOf(GuestException.class)
                .hasMessageContaining("has no module virtio_ring");
    }

    @Test
    void modulesThatNeedEachOtherAreRefused() throws Exception {
        Path root = root(xz(UNPACKED));
        Files.write(root.resolve("lib/modules/1.0/kernel/drivers/virtio_ring.ko"), module("depends=virtio"));

        assertThatThrownBy(() -> GuestImage.build(root, directory.resolve("cache"), List.of()))
                .isInstanceOf(GuestException.class)
                .hasMessageContaining("in a circle");
    }

    @Test
    void noKernelAtAll() {
        assertThatThrownBy(() -> GuestImage.build(directory, directory.resolve("cache"), List.of()))
                .isInstanceOf(GuestException.class)
                .hasMessageContaining("unpack one linux-image package into " + directory);
    }

    @Test
    void aMissingCompilerIsNamed() {
        assertThatThrownBy(() -> GuestProgram.compile(directory.resolve("cache"), "gcc-that-is-not-there"))
                .isInstanceOf(GuestException.class)
                .hasMessageContaining("install the Debian package gcc");
    }

    @Test
    void aMissingStaticLibraryIsNamed() throws Exception {
        Path compiler = Files.writeString(
                directory.resolve("cc"), "#!/bin/sh\necho 'ld: cannot find -lc: No such file or directory'; exit 1\n");
        assertThat(compiler.toFile().setExecutable(true)).isTrue();

        assertThatThrownBy(() -> GuestProgram.compile(directory.resolve("cache"), compiler.toString()))
                .isInstanceOf(GuestException.class)
                .hasMessageContaining("install the Debian package libc6-dev")
                .hasMessageContaining("cannot find -lc");
    }
}
