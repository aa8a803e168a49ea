package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FlatKernelTests {
    private static final int LOAD = 1;
    private static final int NOTE = 4;
    private static final int SETUP_BYTES = 1024;
    private static final int KERNEL_AT = SETUP_BYTES + 0x20_0000;

    @TempDir
    private Path root;

    @Test
    void segmentsLieWhereTheKernelWantsThem() {
        ByteBuffer flat = FlatKernel.flatten(image(), kernel("text", "data", 0x100_0000));
        assertThat(text(flat, KERNEL_AT, 4)).isEqualTo("text");
        assertThat(text(flat, KERNEL_AT + 0x1000, 4)).isEqualTo("data");
    }

    @Test
    void zeroesAtTheEndAreLeftOutButTheirRoomIsAskedFor() {
        ByteBuffer flat = FlatKernel.flatten(image(), kernel("text", "data", 0x100_0000));
        assertThat(flat.limit()).isEqualTo(KERNEL_AT + 0x1010);
        assertThat(flat.getInt(0x260)).isEqualTo(0x20_0000 + 0x1000 + 0x8000);
        assertThat(flat.getInt(0x1f4)).isEqualTo((flat.limit() - SETUP_BYTES) / 16);
        assertThat(flat.getLong(0x258)).isEqualTo(0x100_0000);
    }

    @Test
    void theStartJumpsToTheKernelsEntry() {
        ByteBuffer flat = FlatKernel.flatten(image(), kernel("text", "data", 0x100_0080));
        // cli; cld; and, at its end, lea ENTRY(%rbx),%rax; jmp *%rax.
        assertThat(flat.getShort(SETUP_BYTES)).isEqualTo((short) 0xfcfa);
        assertThat(flat.getInt(SETUP_BYTES + 0xb5 - 3) & 0xffffff).isEqualTo(0x838d48);
        assertThat(flat.getInt(SETUP_BYTES + 0xb5)).isEqualTo(0x20_0080);
        assertThat(flat.getShort(SETUP_BYTES + 0xb9)).isEqualTo((short) 0xe0ff);
    }

    @Test
    void whatIsNoKernelIsRefused() {
        assertThatThrownBy(() -> FlatKernel.flatten(image(), "x".repeat(100).getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no ELF file");
    }

    @Test
    void itIsMadeOnceAndForgetsTheOneBefore() throws Exception {
        LabKernel kernel = TestKernel.in(root);
        Files.write(kernel.image(), image());
        Path unpacked = Files.write(root.resolve("vmlinux"), kernel("text", "data", 0x100_0000));
        Path cache = root.resolve("cache");
        Path flat = FlatKernel.of(kernel, unpacked, cache);
        assertThat(FlatKernel.of(kernel, root.resolve("gone"), cache)).isEqualTo(flat);

        Files.setLastModifiedTime(kernel.image(), FileTime.fromMillis(1));
        assertThat(FlatKernel.of(kernel, unpacked, cache)).isNotEqualTo(flat);
        assertThat(cache.toFile().list()).hasSize(1);
    }

    private static String text(ByteBuffer flat, int at, int length) {
        byte[] bytes = new byte[length];
        flat.get(at, bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    private static byte[] image() {
        byte[] image = new byte[2000];
        image[0x1f1] = 1;
        return image;
    }

    /** An ELF file with a segment at 16 MiB, one a page behind it that grows in memory, and one that is not loaded. */
    private static byte[] kernel(String text, String data, long entry) {
        ByteBuffer elf = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f);
        elf.putLong(24, entry);
        elf.putLong(32, 64);
        elf.putShort(54, (short) 56);
        elf.putShort(56, (short) 3);
        segment(elf, 0, LOAD, 512, 0x100_0000, text.length(), 0x1000);
        segment(elf, 1, LOAD, 768, 0x100_1000, data.length(), 0x8000);
        segment(elf, 2, NOTE, 0, 0, 16, 0x7000_0000);
        elf.put(512, text.getBytes(StandardCharsets.US_ASCII));
        elf.put(768, data.getBytes(StandardCharsets.US_ASCII));
        return elf.array();
    }

    private static void segment(ByteBuffer elf, int n, int type, long offset, long address, long size, long memory) {
        int header = 64 + 56 * n;
        elf.putInt(header, type);
        elf.putLong(header + 8, offset);
        elf.putLong(header + 24, address);
        elf.putLong(header + 32, size);
        elf.putLong(header + 40, memory);
    }
}
