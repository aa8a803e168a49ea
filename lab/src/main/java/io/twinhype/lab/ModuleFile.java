package io.twinhype.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a module's {@code .modinfo} section says: its name and the modules it depends on.
 *
 * <p>The section is a run of NUL-terminated {@code key=value} strings (include/linux/moduleparam.h, scripts/mod/modpost.c);
 * the file's layout is elf(5).
 */
record ModuleFile(Path file, String name, List<String> dependencies) {
    private static final int ELF_HEADER_SIZE = 64;
    private static final int SECTION_HEADER_SIZE = 64;

    static ModuleFile read(Path file) throws LabException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new LabException.Unprepared("The kernel module " + file + " cannot be read: build or fetch it.", e);
        }
        List<String> entries;
        try {
            entries = entries(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new LabException.Unprepared(
                    "The file " + file + " is not a complete x86-64 kernel module: build or fetch it again.", e);
        }
        String name = value(entries, "name=").orElse(nameOf(file));
        List<String> dependencies = value(entries, "depends=").stream()
                .flatMap(list -> Stream.of(list.split(",")))
                .filter(word -> !word.isEmpty())
                .map(ModuleFile::canonical)
                .toList();
        return new ModuleFile(file, canonical(name), dependencies);
    }

    /** The kernel takes {@code -} in a module's name for {@code _}. */
    static String canonical(String name) {
        return name.replace('-', '_');
    }

    /** The name of the module in this file, by the file's name alone. */
    static String nameOf(Path file) {
        String fileName = file.getFileName().toString();
        int dot = fileName.indexOf('.');
        return canonical(dot < 0 ? fileName : fileName.substring(0, dot));
    }

    private static java.util.Optional<String> value(List<String> entries, String key) {
        return entries.stream()
                .filter(entry -> entry.startsWith(key))
                .map(entry -> entry.substring(key.length()))
                .findFirst();
    }

    private static List<String> entries(ByteBuffer elf) {
        if (elf.limit() < ELF_HEADER_SIZE || elf.getInt(0) != 0x464c457f || elf.get(4) != 2) {
            throw new IllegalArgumentException("not a 64-bit ELF file");
        }
        int headers = Math.toIntExact(elf.getLong(40));
        int count = Short.toUnsignedInt(elf.getShort(60));
        int namesIndex = Short.toUnsignedInt(elf.getShort(62));
        int names = Math.toIntExact(elf.getLong(headers + namesIndex * SECTION_HEADER_SIZE + 24));
        for (int i = 0; i < count; i++) {
            int header = headers + i * SECTION_HEADER_SIZE;
            if (string(elf, names + elf.getInt(header)).equals(".modinfo")) {
                int offset = Math.toIntExact(elf.getLong(header + 24));
                int size = Math.toIntExact(elf.getLong(header + 32));
                byte[] section = new byte[size];
                elf.get(offset, section);
                return List.of(new String(section, StandardCharsets.UTF_8).split("\0"));
            }
        }
        throw new IllegalArgumentException("no .modinfo section");
    }

    private static String string(ByteBuffer elf, int offset) {
        int end = offset;
        while (elf.get(end) != 0) {
            end++;
        }
        byte[] bytes = new byte[end - offset];
        elf.get(offset, bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
