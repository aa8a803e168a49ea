package io.twinhype.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Reads the section .modinfo of a kernel module, an ELF64 file (elf(5)): strings such as {@code depends=a,b}, each
 * ended by a zero byte.
 */
final class ModuleInformation {
    private static final int ELF_MAGIC = 0x464c457f;

    private ModuleInformation() {}

    /** Returns the names of the modules that must be loaded before this one; '-' and '_' are the same in them. */
    static List<String> dependencies(Path module) throws IOException {
        for (String entry : entries(module)) {
            if (entry.startsWith("depends=")) {
                return Stream.of(entry.substring("depends=".length()).split(",", -1))
                        .filter(name -> !name.isEmpty())
                        .toList();
            }
        }
        return List.of();
    }

    private static List<String> entries(Path module) throws IOException {
        ByteBuffer elf = ByteBuffer.wrap(Files.readAllBytes(module)).order(ByteOrder.LITTLE_ENDIAN);
        if (elf.capacity() < 64 || elf.getInt(0) != ELF_MAGIC) {
            throw new IOException(module + " is not an ELF file");
        }
        int table = Math.toIntExact(elf.getLong(0x28));
        int entrySize = elf.getShort(0x3a);
        int count = elf.getShort(0x3c);
        int names = sectionOffset(elf, table + entrySize * elf.getShort(0x3e));
        for (int i = 0; i < count; i++) {
            int header = table + entrySize * i;
            if (".modinfo".equals(string(elf, names + elf.getInt(header)))) {
                int size = Math.toIntExact(elf.getLong(header + 0x20));
                String text = text(elf, sectionOffset(elf, header), size);
                return List.of(text.split("\0", -1));
            }
        }
        throw new IOException(module + " has no section .modinfo");
    }

    private static int sectionOffset(ByteBuffer elf, int header) {
        return Math.toIntExact(elf.getLong(header + 0x18));
    }

    private static String string(ByteBuffer elf, int offset) {
        int end = offset;
        while (elf.get(end) != 0) {
            end++;
        }
        return text(elf, offset, end - offset);
    }

    private static String text(ByteBuffer elf, int offset, int length) {
        var bytes = new byte[length];
        elf.get(offset, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
