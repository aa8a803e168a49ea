package io.twinhype.lab;

import java.nio.file.Path;

/**
 * A kernel module that the lab loads before it runs the command. What it depends on is loaded before it, out of the
 * kernel's package, unless an earlier entry brings it.
 *
 * @param file the {@code .ko}
 * @param parameters as for insmod, for instance {@code "npt=1 nested=0"}; empty for none
 */
public record ModuleToLoad(Path file, String parameters) {
    /** A module without parameters. */
    public ModuleToLoad(Path file) {
        this(file, "");
    }
}
