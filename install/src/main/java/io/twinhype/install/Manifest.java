package io.twinhype.install;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What was installed on a host.
 *
 * @param format of this record, 1
 * @param files that are ours, by path
 * @param directories that were made for them, relative to the root
 */
record Manifest(int format, List<Entry> files, List<String> directories) {
    static final int FORMAT = 1;
    static final Manifest EMPTY = new Manifest(FORMAT, List.of(), List.of());

    /**
     * One file.
     *
     * @param path relative to the host's root
     * @param sha256 of what was written
     * @param release the kernel it is for; "" for all kernels
     */
    record Entry(String path, String sha256, String release) {}

    Manifest {
        files = files.stream().sorted(Comparator.comparing(Entry::path)).toList();
        directories = List.copyOf(new TreeSet<>(directories));
    }

    Optional<Entry> find(String path) {
        return files.stream().filter(file -> file.path().equals(path)).findFirst();
    }
}
