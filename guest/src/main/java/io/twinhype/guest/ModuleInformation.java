package io.twinhype.guest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import net.fornwall.jelf.ElfException;
import net.fornwall.jelf.ElfFile;

/** Reads the section .modinfo of a kernel module: strings such as {@code depends=a,b}, each ended by a zero byte. */
final class ModuleInformation {
    private static final String DEPENDS = "depends=";

    private ModuleInformation() {}

    /** Returns the names of the modules that must be loaded before this one; '-' and '_' are the same in them. */
    static List<String> dependencies(Path module) throws IOException {
        String information = new String(section(module), StandardCharsets.UTF_8);
        return Stream.of(information.split("\0", -1))
                .filter(entry -> entry.startsWith(DEPENDS))
                .flatMap(entry -> Stream.of(entry.substring(DEPENDS.length()).split(",", -1)))
                .filter(name -> !name.isEmpty())
                .toList();
    }

    private static byte[] section(Path module) throws IOException {
        try {
            return Optional.ofNullable(ElfFile.from(Files.readAllBytes(module)).firstSectionByName(".modinfo"))
                    .orElseThrow(() -> new IOException("it has no section .modinfo"))
                    .getData();
        } catch (ElfException damaged) {
            throw new IOException("it is not a valid ELF file: " + damaged.getMessage(), damaged);
        }
    }
}
