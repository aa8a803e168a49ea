package io.twinhype.kmod.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes ELF files that have a .modinfo section like a kernel module's, and nothing else. */
public final class TestModule {
    private TestModule() {}

    /** A module file in a directory, made with its parents. */
    public static Path write(Path file, String name, String depends) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory != null) {
            Files.createDirectories(directory);
        }
        return Files.write(file, bytes("license=GPL\0depends=" + depends + "\0retpoline=Y\0name=" + name + "\0"));
    }

    /** A relocatable file for x86-64 (elf(5)) whose section .modinfo has this content. */
    public static byte[] bytes(String modinfo) {
        byte[] names = "\0.modinfo\0.shstrtab\0".getBytes(StandardCharsets.US_ASCII);
        byte[] content = modinfo.getBytes(StandardCharsets.UTF_8);
        int contentAt = 64 + names.length;
        int table = contentAt + content.length;
        ByteBuffer elf = ByteBuffer.allocate(table + 3 * 64).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).put(6, (byte) 1);
        elf.putShort(0x10, (short) 1).putShort(0x12, (short) 62).putInt(0x14, 1).putLong(0x28, table);
        elf.putShort(0x3a, (short) 64).putShort(0x3c, (short) 3).putShort(0x3e, (short) 2);
        elf.put(64, names).put(contentAt, content);
        section(elf, table + 64, 1, contentAt, content.length);
        section(elf, table + 128, 10, 64, names.length);
        elf.putInt(table + 64 + 4, 1).putInt(table + 128 + 4, 3);
        return elf.array();
    }

    private static void section(ByteBuffer elf, int header, int name, int offset, int size) {
        elf.putInt(header, name);
        elf.putLong(header + 0x18, offset);
        elf.putLong(header + 0x20, size);
    }
}
