package io.twinhype.install;

import java.util.List;

/**
 * The files that are about to be changed, written down before the first of them is.
 *
 * @param files in the order in which they are changed
 * @param releases the kernels whose list of modules must be made again
 */
record Intent(List<Target> files, List<String> releases) {
    /**
     * One file.
     *
     * @param path relative to the host's root
     * @param existed whether there was such a file before
     * @param sha256 of what is written; "" if it is removed
     */
    record Target(String path, boolean existed, String sha256) {}

    Intent {
        files = List.copyOf(files);
        releases = List.copyOf(releases);
    }
}
