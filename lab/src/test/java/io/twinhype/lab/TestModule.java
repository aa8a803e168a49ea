package io.twinhype.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes ELF files that have a .modinfo section like a kernel module's, and nothing else. */
final class TestModule {
    private TestModule() {}

    /** A module file in a directory, made with its parents. */
    static Path write(Path file, String name, String depends) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.write(file, bytes("license=GPL\0depends=" + depends + "\0retpoline=Y\0name=" + name + "\0"));
    }

    static byte[] bytes(String modinfo) {
        byte[] info = modinfo.getBytes(StandardCharsets.UTF_8);
        byte[] names = "\0.modinfo\0.shstrtab\0".getBytes(StandardCharsets.US_ASCII);
        int infoOffset = 64;
        int namesOffset = infoOffset + info.length;
        int headers = namesOffset + names.length;
        ByteBuffer elf = ByteBuffer.allocate(headers + 3 * 64).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f);
        elf.put(4, (byte) 2);
        elf.putLong(40, headers);
        elf.putShort(60, (short) 3);
        elf.putShort(62, (short) 2);
        elf.put(infoOffset, info);
        elf.put(namesOffset, names);
        section(elf, headers + 64, 1, infoOffset, info.length);
        section(elf, headers + 128, 10, namesOffset, names.length);
        return elf.array();
    }

    private static void section(ByteBuffer elf, int header, int name, int offset, int size) {
        elf.putInt(header, name);
        elf.putLong(header + 24, offset);
        elf.putLong(header + 32, size);
    }
}
