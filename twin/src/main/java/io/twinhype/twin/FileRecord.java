package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What a file of the cache was when it was put there.
 *
 * @param content the SHA-256 of a file, or "-> target" of a symbolic link
 * @param size in bytes
 * @param modified the time of the last change in milliseconds since 1970; a file whose size and time are as recorded
 *     is taken to be unchanged by a quick check
 * @param path relative to the tree's root
 */
record FileRecord(String content, long size, long modified, String path) {
    private static final String LINK = "-> ";

    /** Records all files below a directory. */
    static List<FileRecord> of(Path root) throws IOException, InterruptedException {
        List<Path> files = Trees.files(root);
        return onAllProcessors(files, file -> describe(root, file));
    }

    static void write(List<FileRecord> records, Path file) throws IOException {
        Files.write(
                file,
                records.stream()
                        .map(each -> each.content + "\t" + each.size + "\t" + each.modified + "\t" + each.path)
                        .toList());
    }

    static List<FileRecord> read(Path file) throws IOException {
        List<FileRecord> records = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String[] fields = line.split("\t", 4);
            try {
                records.add(new FileRecord(fields[0], Long.parseLong(fields[1]), Long.parseLong(fields[2]), fields[3]));
            } catch (ArrayIndexOutOfBoundsException | NumberFormatException e) {
                throw new IOException("the line \"" + line + "\" of " + file + " is damaged", e);
            }
        }
        return records;
    }

    /**
     * Looks for a file that is not as recorded.
     *
     * @param thorough whether to read every file's content, and to look for files that are not recorded
     * @param ignored paths below the root that may exist without a record
     * @return a clause about the first one found, such as "boot/vmlinuz was changed", or nothing
     */
    static Optional<String> difference(List<FileRecord> records, Path root, boolean thorough, Set<String> ignored)
            throws IOException, InterruptedException {
        Optional<String> changed = onAllProcessors(records, each -> each.difference(root, thorough)).stream()
                .flatMap(Optional::stream)
                .findFirst();
        if (changed.isPresent() || !thorough) {
            return changed;
        }
        Set<String> known = new HashSet<>(ignored);
        records.forEach(each -> known.add(each.path));
        return Trees.files(root).stream()
                .map(file -> root.relativize(file).toString())
                .filter(path -> !known.contains(path))
                .map(path -> path + " does not belong there")
                .findFirst();
    }

    private Optional<String> difference(Path root, boolean thorough) throws IOException {
        Path file = root.resolve(path);
        BasicFileAttributes now;
        try {
            now = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return Optional.of(path + " is missing");
        }
        boolean link = content.startsWith(LINK);
        if (now.isSymbolicLink() != link || (!link && !now.isRegularFile())) {
            return Optional.of(path + " was replaced");
        }
        if (!link && now.size() != size) {
            return Optional.of(path + " has " + now.size() + " bytes instead of " + size);
        }
        if (!link && !thorough && now.lastModifiedTime().toMillis() == modified) {
            return Optional.empty();
        }
        return describe(root, file).content.equals(content) ? Optional.empty() : Optional.of(path + " was changed");
    }

    private static FileRecord describe(Path root, Path file) throws IOException {
        String path = root.relativize(file).toString();
        BasicFileAttributes attributes =
                Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (attributes.isSymbolicLink()) {
            return new FileRecord(LINK + Files.readSymbolicLink(file), 0, 0, path);
        }
        return new FileRecord(
                Sha256.of(file),
                attributes.size(),
                attributes.lastModifiedTime().toMillis(),
                path);
    }

    @FunctionalInterface
    private interface Work<T, R> {
        R on(T each) throws IOException;
    }

    private static <T, R> List<R> onAllProcessors(List<T> inputs, Work<T, R> work)
            throws IOException, InterruptedException {
        int processors = Runtime.getRuntime().availableProcessors();
        int slice = Math.max(1, inputs.size() / (processors * 16) + 1);
        try (ExecutorService threads = Executors.newFixedThreadPool(processors)) {
            List<Future<List<R>>> parts = new ArrayList<>();
            for (int from = 0; from < inputs.size(); from += slice) {
                List<T> part = inputs.subList(from, Math.min(inputs.size(), from + slice));
                parts.add(threads.submit(() -> {
                    List<R> results = new ArrayList<>(part.size());
                    for (T each : part) {
                        results.add(work.on(each));
                    }
                    return results;
                }));
            }
            List<R> results = new ArrayList<>(inputs.size());
            for (Future<List<R>> part : parts) {
                results.addAll(part.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        }
    }
}
