package io.twinhype.bench;

import io.twinhype.twin.KernelSeries;
import java.nio.file.Path;
import java.util.List;

/**
 * How methods of migration are compared.
 *
 * @param series the kernel of the lab, the hypervisors and the guests
 * @param guests each is measured for itself
 * @param runs migrations by each method and guest
 * @param copies the same of the two methods that send all memory, which take long; at most as many as {@code runs}
 * @param beatMicros the period of the guests' heartbeat, which is in every pause, in microseconds
 * @param out directory for {@code migrate.json} and logs, made if missing
 */
public record MigrateOptions(
        KernelSeries series, List<MigrateGuest> guests, int runs, int copies, int beatMicros, Path out) {
    /** Checks the numbers. */
    public MigrateOptions {
        if (guests.isEmpty() || runs < 1 || copies < 0 || copies > runs || beatMicros < 100) {
            throw new IllegalArgumentException("There must be guests and runs, at most as many copies as runs, and a"
                    + " heartbeat of at least 100 us.");
        }
        guests = List.copyOf(guests);
    }
}
