package io.twinhype.twin;

import io.twinhype.kmod.KernelModule;
import io.twinhype.kmod.KernelModuleException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import net.fornwall.jelf.ElfException;
import net.fornwall.jelf.ElfFile;
import net.fornwall.jelf.ElfSection;
import net.fornwall.jelf.ElfSectionHeader;
import net.fornwall.jelf.ElfSymbol;
import net.fornwall.jelf.ElfSymbolTableSection;

/**
 * What a kernel module says of itself in its ELF file (kernel/module/main.c reads the same sections).
 *
 * @param info the .modinfo section; of a key that is there twice, the first value
 * @param defined the global and weak symbols it defines
 * @param undefined the symbols it needs from elsewhere
 * @param exported the symbols it offers to other modules
 * @param versions the version (CRC) it was compiled with, of each symbol it needs
 */
record ModuleFile(
        Map<String, String> info,
        Set<String> defined,
        Set<String> undefined,
        Set<String> exported,
        Map<String, Long> versions) {
    private static final String EXPORT = "__ksymtab_";
    private static final String EXPORT_NAMES = "__ksymtab_strings";
    /** {@code struct modversion_info}: an unsigned long, and the name in the rest of 64 bytes (linux/module.h). */
    private static final int VERSION_BYTES = 64;

    ModuleFile {
        info = Map.copyOf(info);
        defined = Set.copyOf(defined);
        undefined = Set.copyOf(undefined);
        exported = Set.copyOf(exported);
        versions = Map.copyOf(versions);
    }

    /** Reads a module for this machine's byte order and word length, x86-64. */
    static ModuleFile read(Path file) throws VerificationException {
        try {
            ElfFile elf = ElfFile.from(KernelModule.elf(file));
            if (elf.e_type != ElfFile.ET_REL || elf.e_machine != ElfFile.ARCH_X86_64) {
                throw new VerificationException(List.of(file + " is not a kernel module for x86-64."));
            }
            return read(elf);
        } catch (KernelModuleException e) {
            throw new VerificationException(List.of(e.getMessage()));
        } catch (ElfException | IndexOutOfBoundsException | NegativeArraySizeException | NullPointerException e) {
            throw new VerificationException(List.of(file + " is not a whole ELF file; build it again."));
        }
    }

    String name() {
        return info.getOrDefault("name", "a module without name");
    }

    private static ModuleFile read(ElfFile elf) {
        Map<String, String> info = new LinkedHashMap<>();
        Set<String> exported = new TreeSet<>();
        Map<String, Long> versions = new TreeMap<>();
        for (ElfSection section : sections(elf)) {
            String name = String.valueOf(section.header.getName());
            switch (name) {
                case ".modinfo" -> info.putAll(KernelModule.information(section.getData()));
                case EXPORT_NAMES -> exported.addAll(strings(section.getData()));
                case "__versions" -> versions.putAll(versions(section.getData()));
                default -> {
                    // Code, data, relocations: what they refer to is in the symbol table.
                }
            }
        }
        Set<String> defined = new TreeSet<>();
        Set<String> undefined = new TreeSet<>();
        ElfSymbolTableSection table = elf.getSymbolTableSection();
        for (ElfSymbol symbol : table == null ? new ElfSymbol[0] : table.symbols) {
            String name = symbol.getName();
            if (name == null || name.isEmpty()) {
                continue;
            }
            if (symbol.st_shndx == 0) {
                // A weak symbol that nobody has is 0 to the loader, and no dependency.
                if (symbol.getBinding() != ElfSymbol.BINDING_WEAK) {
                    undefined.add(name);
                }
            } else {
                if (name.startsWith(EXPORT)) {
                    exported.add(name.substring(EXPORT.length()));
                }
                if (symbol.getBinding() != ElfSymbol.BINDING_LOCAL) {
                    defined.add(name);
                }
            }
        }
        return new ModuleFile(info, defined, undefined, exported, versions);
    }

    private static List<ElfSection> sections(ElfFile elf) {
        List<ElfSection> sections = new ArrayList<>();
        for (int number = 1; number < Short.toUnsignedInt(elf.e_shnum); number++) {
            ElfSection section = elf.getSection(number);
            if (section.header.sh_type == ElfSectionHeader.SHT_PROGBITS) {
                sections.add(section);
            }
        }
        return sections;
    }

    private static List<String> strings(byte[] data) {
        return List.of(new String(data, StandardCharsets.UTF_8).split("\0")).stream()
                .filter(text -> !text.isEmpty())
                .toList();
    }

    private static Map<String, Long> versions(byte[] data) {
        Map<String, Long> versions = new TreeMap<>();
        ByteBuffer buffer = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at + VERSION_BYTES <= data.length; at += VERSION_BYTES) {
            byte[] name = new byte[VERSION_BYTES - Long.BYTES];
            buffer.get(at + Long.BYTES, name);
            versions.put(strings(name).getFirst(), buffer.getLong(at));
        }
        return versions;
    }
}
