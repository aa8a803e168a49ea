package io.twinhype.soak;

import io.twinhype.twin.KernelSources;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A copy of TwinHype's kernel sources with something of it changed on purpose. Each change must find what it changes. */
final class KernelVariant {
    private static final Pattern TABLE = Pattern.compile("^\\[\\[edit\\]\\]$", Pattern.MULTILINE);
    private static final String INCLUDED = "#include <linux/module.h>\n";

    /** An ABI that no base has offered. */
    private static final String FOREIGN_ABI = "#undef TWINHYPE_ABI\n#define TWINHYPE_ABI 9999\n";

    private final Path directory;

    private KernelVariant(Path directory) {
        this.directory = directory;
    }

    /** Copies the sources to a directory, which must not exist. */
    static KernelVariant copy(KernelSources sources, Path directory) throws SoakException {
        try (Stream<Path> tree = Files.walk(sources.directory())) {
            for (Path each : tree.toList()) {
                Files.copy(each, directory.resolve(sources.directory().relativize(each)));
            }
            return new KernelVariant(directory);
        } catch (IOException e) {
            throw new SoakException(
                    "The kernel sources " + sources.directory() + " cannot be copied to " + directory + " ("
                            + e.getMessage() + "): is the disk full?",
                    e);
        }
    }

    KernelSources sources() {
        return new KernelSources(directory);
    }

    /** Takes an edit out of the files of edits. */
    KernelVariant leaveOut(String name) throws SoakException {
        int found = 0;
        for (Path file : edits()) {
            String text = read(file);
            StringBuilder kept = new StringBuilder();
            for (String table : tables(text)) {
                if (table.lines().anyMatch(line -> line.equals("name = \"" + name + "\""))) {
                    found++;
                } else {
                    kept.append(table);
                }
            }
            if (!TABLE.matcher(kept).find()) {
                // A file of edits has at least one.
                delete(file);
            } else if (!kept.toString().equals(text)) {
                write(file, kept.toString());
            }
        }
        if (found != 1) {
            throw new SoakException("There are " + found + " edits named \"" + name + "\" in " + directory
                    + "/edits to leave out, not one: name the right one in Guard.");
        }
        return this;
    }

    /** Adds a file of edits, made after all others. */
    KernelVariant add(String resource) throws SoakException {
        try (InputStream in = KernelVariant.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new SoakException(resource + " is missing from the jar.");
            }
            Files.write(directory.resolve("edits").resolve("99-soak.toml"), in.readAllBytes());
            return this;
        } catch (IOException e) {
            throw full(e);
        }
    }

    /** Makes it a hypervisor for an ABI that no base offers. */
    KernelVariant foreignAbi() throws SoakException {
        Path file = directory.resolve("twin").resolve("twin.c");
        String text = read(file);
        int from = text.indexOf(INCLUDED);
        if (from < 0) {
            throw new SoakException(file + " does not include <linux/module.h>, after which the ABI is changed.");
        }
        // Not in the header: all of the hypervisor would be compiled anew.
        int to = from + INCLUDED.length();
        write(file, text.substring(0, to) + FOREIGN_ABI + text.substring(to));
        return this;
    }

    /** What is before the first table, then each table with what follows it. */
    static List<String> tables(String text) {
        List<String> tables = new ArrayList<>();
        Matcher begin = TABLE.matcher(text);
        int from = 0;
        while (begin.find()) {
            tables.add(text.substring(from, begin.start()));
            from = begin.start();
        }
        tables.add(text.substring(from));
        return tables;
    }

    private List<Path> edits() throws SoakException {
        try (Stream<Path> files = Files.list(directory.resolve("edits"))) {
            return files.filter(file -> file.toString().endsWith(".toml")).toList();
        } catch (IOException e) {
            throw full(e);
        }
    }

    private String read(Path file) throws SoakException {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw full(e);
        }
    }

    private void write(Path file, String text) throws SoakException {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw full(e);
        }
    }

    private void delete(Path file) throws SoakException {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw full(e);
        }
    }

    private SoakException full(IOException e) {
        return new SoakException(
                "The copy of the kernel sources in " + directory + " cannot be changed (" + e.getMessage()
                        + "): is the disk full?",
                e);
    }
}
