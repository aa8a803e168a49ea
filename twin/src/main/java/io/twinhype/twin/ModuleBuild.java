package io.twinhype.twin;

import java.nio.file.Path;

/**
 * A finished module.
 *
 * @param record what it was built from
 * @param file the module file, ready to be loaded
 * @param cached whether it was already there
 */
public record ModuleBuild(BuildRecord record, Path file, boolean cached) {
    /** The versions of the symbols it exports, as modules built on it need them. */
    Path symbolVersions() {
        return file.resolveSibling("Module.symvers");
    }
}
