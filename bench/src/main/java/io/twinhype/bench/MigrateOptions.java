package io.twinhype.bench;

import io.twinhype.twin.KernelSeries;
import java.nio.file.Path;
import java.util.List;

/**
 * How methods of migration are compared.
 *
 * @param series the kernel of the lab, the hypervisors and the guests
 * @param parts guests, each measured for itself, none with more copies than {@code runs}
 * @param runs migrations by each other method and guest
 * @param beatMicros the period of the guests' heartbeat, which is in every pause, in microseconds
 * @param out directory for {@code migrate.json} and logs, made if missing
 */
public record MigrateOptions(KernelSeries series, List<MigratePart> parts, int runs, int beatMicros, Path out) {
    /** Checks the numbers. */
    public MigrateOptions {
        if (parts.isEmpty()
                || runs < 1
                || beatMicros < 100
                || parts.stream().anyMatch(part -> part.copies() < 0 || part.copies() > runs)) {
            throw new IllegalArgumentException("There must be guests and runs, at most as many copies as runs, and a"
                    + " heartbeat of at least 100 us.");
        }
        parts = List.copyOf(parts);
    }
}
