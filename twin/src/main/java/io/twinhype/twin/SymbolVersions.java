package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A Module.symvers file: which symbols the kernel and its modules export, and in which version
 * (Documentation/kbuild/modules.rst, "Symbols and CRC").
 */
record SymbolVersions(Map<String, Export> exports) {
    /**
     * One exported symbol.
     *
     * @param crc the version: a checksum over its type
     * @param owner "vmlinux", or the module's path in the source without .ko
     */
    record Export(long crc, String owner) {}

    SymbolVersions {
        exports = Map.copyOf(exports);
    }

    static SymbolVersions read(Path file) throws IOException, VerificationException {
        Map<String, Export> exports = new HashMap<>();
        for (String line : Files.readAllLines(file)) {
            String[] fields = line.split("\t", -1);
            try {
                exports.put(fields[1], new Export(Long.decode(fields[0]), fields[2]));
            } catch (ArrayIndexOutOfBoundsException | NumberFormatException e) {
                throw new VerificationException(
                        java.util.List.of(file + " has a line that is no symbol's version: \"" + line + "\"."));
            }
        }
        return new SymbolVersions(exports);
    }

    Optional<Export> find(String symbol) {
        return Optional.ofNullable(exports.get(symbol));
    }
}
