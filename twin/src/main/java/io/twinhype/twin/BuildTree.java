package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A directory in which the same kind of module is compiled again and again, so that a build after a small change compiles
 * only what the change touches: make compares times, so a file is only written where its content is new.
 */
final class BuildTree implements AutoCloseable {
    private static final String SOURCES = ".twinhype-sources";
    private static final String TOOLCHAIN = ".twinhype-toolchain";
    private static final String DIRTY = ".twinhype-unfinished";

    private final Path directory;

    private BuildTree(Path directory) {
        this.directory = directory;
    }

    /**
     * Opens a build tree and brings its sources to those given. A tree whose last build did not finish is not trusted: a
     * killed compiler may leave half an object file that looks up to date. Neither is one of another kernel or compiler.
     */
    static BuildTree with(Path sources, Path directory, String toolchain) throws IOException {
        if (Files.exists(directory.resolve(DIRTY))
                || !read(directory.resolve(TOOLCHAIN)).equals(List.of(toolchain))) {
            Trees.delete(directory);
            Files.createDirectories(directory);
        }
        BuildTree tree = new BuildTree(directory);
        Files.createFile(directory.resolve(DIRTY));
        Files.writeString(directory.resolve(TOOLCHAIN), toolchain + "\n");
        try {
            tree.update(sources);
        } catch (IOException e) {
            tree.close();
            throw e;
        }
        return tree;
    }

    Path directory() {
        return directory;
    }

    /** Declares that the build ended well and its objects may be used again. */
    void finished() throws IOException {
        Files.delete(directory.resolve(DIRTY));
    }

    /** Removes a tree whose build did not end well: it can't be used again, and a full disk may be why. */
    @Override
    public void close() throws IOException {
        if (Files.exists(directory.resolve(DIRTY))) {
            Trees.delete(directory);
        }
    }

    private void update(Path sources) throws IOException {
        Set<String> wanted = new HashSet<>();
        for (Path file : Trees.files(sources)) {
            String name = sources.relativize(file).toString();
            wanted.add(name);
            Path here = directory.resolve(name);
            if (!Files.exists(here) || Files.mismatch(file, here) >= 0) {
                Path parent = here.getParent();
                if (parent != null) {
                    Files.createDirectories(parent);
                }
                // Without the source's time: the copy must be newer than the objects made of its predecessor.
                Files.deleteIfExists(here);
                Files.copy(file, here, LinkOption.NOFOLLOW_LINKS);
            }
        }
        for (String old : read(directory.resolve(SOURCES))) {
            if (!wanted.contains(old)) {
                Files.deleteIfExists(directory.resolve(old));
            }
        }
        Files.write(directory.resolve(SOURCES), wanted.stream().sorted().toList());
    }

    private static List<String> read(Path file) throws IOException {
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }
}
