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
record MigratePlan(Path kernel, Path initramfs, Path library, List<MigratePart> parts, int runs, int beatMicros) {
    MigratePlan {
        parts = List.copyOf(parts);
    }

    /** Whether a method has its turn in a run: those with fewer turns have them spread over all runs. */
    boolean hasTurn(MigratePart part, MigrateMethod method, int run) {
        return !method.copies() || (run + 1L) * part.copies() / runs > (long) run * part.copies() / runs;
    }
}
