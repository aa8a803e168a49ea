package io.twinhype.bench;

import io.twinhype.twin.KernelSeries;
import java.nio.file.Path;

/**
 * How exits are counted.
 *
 * @param series the kernel under which
 * @param rounds how often each configuration is loaded and measured, in turn
 * @param repeats measurements of each kind per round
 * @param exits exits per measurement
 * @param out directory for {@code exits.json} and the lab's console
 */
public record ExitOptions(KernelSeries series, int rounds, int repeats, int exits, Path out) {
    public ExitOptions {
        if (rounds < 1 || repeats < 1 || exits < 1) {
            throw new IllegalArgumentException("Rounds, repeats and exits must be at least 1.");
        }
    }
}
