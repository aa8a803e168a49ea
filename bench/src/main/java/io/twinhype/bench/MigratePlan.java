package io.twinhype.bench;

import java.nio.file.Path;
import java.util.List;

/**
 * What the lab's half is to do, as JSON. Paths are the same on both sides.
 *
 * @param kernel what the guests boot
 * @param initramfs the guests' first file system
 * @param library what is preloaded into their VMMs
 */
record MigratePlan(
        Path kernel, Path initramfs, Path library, List<MigrateGuest> guests, int runs, int copies, int beatMicros) {
    MigratePlan {
        guests = List.copyOf(guests);
    }

    /** Whether a method has its turn in a run: those with fewer turns have them spread over all runs. */
    boolean hasTurn(MigrateMethod method, int run) {
        return !method.copies() || (run + 1L) * copies / runs > (long) run * copies / runs;
    }
}
