package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

final class KernelImageTests {
    @TempDir
    private Path root;

    @Test
    void unpacksOnceAndForgetsTheOneBefore() throws Exception {
        LabKernel kernel = kernel("CONFIG_PVH=y\n", image("the kernel", 0x20c));
        Path cache = root.resolve("cache");
        Path unpacked = KernelImage.bootable(kernel, cache);
        assertThat(unpacked).isNotEqualTo(kernel.image()).hasContent("the kernel");
        assertThat(KernelImage.bootable(kernel, cache)).isEqualTo(unpacked);

        Files.write(kernel.image(), image("a newer kernel", 0x20c));
        Files.setLastModifiedTime(kernel.image(), FileTime.fromMillis(1));
        assertThat(KernelImage.bootable(kernel, cache)).hasContent("a newer kernel");
        assertThat(cache.toFile().list()).hasSize(1);
    }

    @Test
    void bootsTheImageItselfWhereItCannotBeUnpacked() throws Exception {
        byte[] good = image("the kernel", 0x20c);
        assertBootsItself("# CONFIG_PVH is not set\n", good);
        assertBootsItself("CONFIG_PVH=y\n", image("the kernel", 0x207));
        assertBootsItself("CONFIG_PVH=y\n", new byte[10]);
        assertBootsItself("CONFIG_PVH=y\n", new byte[5000]);
        byte[] damaged = good.clone();
        damaged[1024 + 40] ^= 0x55;
        assertBootsItself("CONFIG_PVH=y\n", damaged);
        byte[] truncated = java.util.Arrays.copyOf(good, good.length - 20);
        assertBootsItself("CONFIG_PVH=y\n", truncated);
    }

    private void assertBootsItself(String config, byte[] image) throws Exception {
        LabKernel kernel = kernel(config, image);
        Path cache = Files.createDirectories(root.resolve("other"));
        assertThat(KernelImage.bootable(kernel, cache)).isEqualTo(kernel.image());
        assertThat(cache.toFile().list()).isEmpty();
    }

    private LabKernel kernel(String config, byte[] image) throws IOException {
        LabKernel kernel = TestKernel.in(root);
        Files.writeString(root.resolve("boot/config-" + TestKernel.RELEASE), config);
        Files.write(kernel.image(), image);
        return kernel;
    }

    /** A bzImage with one setup sector and its payload 16 bytes into the protected-mode code. */
    private static byte[] image(String kernel, int protocol) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (XZOutputStream xz = new XZOutputStream(packed, new LZMA2Options())) {
            xz.write(kernel.getBytes(StandardCharsets.UTF_8));
        }
        ByteBuffer image = ByteBuffer.allocate(1024 + 16 + packed.size() + 4).order(ByteOrder.LITTLE_ENDIAN);
        image.put(0x1f1, (byte) 1);
        image.putInt(0x202, 0x53726448);
        image.putShort(0x206, (short) protocol);
        image.putInt(0x248, 16);
        image.putInt(0x24c, packed.size() + 4);
        image.put(1024 + 16, packed.toByteArray());
        return image.array();
    }
}
