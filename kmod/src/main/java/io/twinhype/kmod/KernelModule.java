package io.twinhype.kmod;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import net.fornwall.jelf.ElfException;
import net.fornwall.jelf.ElfFile;
import net.fornwall.jelf.ElfSection;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * A kernel module's file, and what its section {@code .modinfo} says: {@code key=value} strings, each ended by a zero byte
 * (include/linux/moduleparam.h, scripts/mod/modpost.c).
 *
 * @param file the {@code .ko}, or one compressed by xz or gzip
 * @param name as {@code lsmod} shows it
 * @param information the section's entries; of a key that is there twice, the first value
 */
public record KernelModule(Path file, String name, Map<String, String> information) {
    /** Which files are modules; .zst is one that can't be read here, but is told of. */
    private static final String FILE_NAMES = ".*\\.ko(\\.(xz|gz|zst))?";

    /** Room for the decoder of any module; more would be damage. */
    private static final int DECODER_MEMORY_KIBIBYTES = 256 * 1024;

    public KernelModule {
        information = Map.copyOf(information);
    }

    /** Reads a module's file. */
    public static KernelModule read(Path file) throws KernelModuleException {
        try {
            ElfSection section = ElfFile.from(elf(file)).firstSectionByName(".modinfo");
            if (section == null) {
                throw incomplete(file, null);
            }
            Map<String, String> entries = information(section.getData());
            return new KernelModule(file, canonical(entries.getOrDefault("name", nameOf(file))), entries);
        } catch (ElfException
                | IndexOutOfBoundsException
                | IllegalArgumentException
                | NegativeArraySizeException
                | NullPointerException e) {
            throw incomplete(file, e);
        }
    }

    /** The entries of a section {@code .modinfo}; of a key that is there twice, the first value. */
    public static Map<String, String> information(byte[] section) {
        Map<String, String> entries = new LinkedHashMap<>();
        for (String entry : new String(section, StandardCharsets.UTF_8).split("\0", -1)) {
            int equals = entry.indexOf('=');
            if (equals > 0) {
                entries.putIfAbsent(entry.substring(0, equals), entry.substring(equals + 1));
            }
        }
        return entries;
    }

    /** The modules that must be loaded before this one. */
    public List<String> dependencies() {
        return Stream.of(information.getOrDefault("depends", "").split(",", -1))
                .filter(word -> !word.isEmpty())
                .map(KernelModule::canonical)
                .toList();
    }

    /** The ELF file that the kernel is to load: the file's content, decompressed if it is compressed. */
    public static byte[] elf(Path file) throws KernelModuleException {
        String fileName = String.valueOf(file.getFileName());
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            if (fileName.endsWith(".xz")) {
                return new XZInputStream(in, DECODER_MEMORY_KIBIBYTES).readAllBytes();
            }
            if (fileName.endsWith(".gz")) {
                return new GZIPInputStream(in).readAllBytes();
            }
            if (fileName.endsWith(".zst")) {
                throw new KernelModuleException("The kernel module " + file
                        + " is compressed by zstd, which is not supported: unpack it beside with `unzstd --rm`.");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new KernelModuleException(
                    "The kernel module " + file + " cannot be read (" + e.getMessage() + "): build or fetch it again.",
                    e);
        }
    }

    /** The file's name without what says that it is compressed, such as {@code kvm-amd.ko}. */
    public static String elfName(Path file) {
        return String.valueOf(file.getFileName()).replaceFirst("\\.ko\\.(xz|gz)$", ".ko");
    }

    /** Whether a file is a module, by its name. */
    public static boolean isModule(Path file) {
        return String.valueOf(file.getFileName()).matches(FILE_NAMES);
    }

    /** The kernel takes {@code -} in a module's name for {@code _}. */
    public static String canonical(String name) {
        return name.replace('-', '_');
    }

    /** The name of the module in this file, by the file's name alone. */
    public static String nameOf(Path file) {
        String fileName = String.valueOf(file.getFileName());
        int dot = fileName.indexOf('.');
        return canonical(dot < 0 ? fileName : fileName.substring(0, dot));
    }

    private static KernelModuleException incomplete(Path file, @Nullable Throwable cause) {
        String message = "The file " + file + " is not a complete x86-64 kernel module: build or fetch it again.";
        return cause == null ? new KernelModuleException(message) : new KernelModuleException(message, cause);
    }
}
