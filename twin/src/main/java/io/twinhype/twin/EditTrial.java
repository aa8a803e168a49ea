package io.twinhype.twin;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The edits tried on one kernel's source; nothing is written or built.
 *
 * @param version the kernel's version, such as "6.1.192"
 * @param series its series, such as "6.1"
 * @param known whether there are edits known for the series; if not, each was tried as on the series next to it
 * @param outcomes one for each edit
 */
public record EditTrial(String version, String series, boolean known, List<EditOutcome> outcomes) {
    public EditTrial {
        outcomes = List.copyOf(outcomes);
    }

    /**
     * Tries edits on an unpacked kernel source; its Makefile tells the version.
     *
     * @param vendor whose edits are tried; all if none is given
     */
    public static EditTrial on(Path source, EditSet edits, Optional<Vendor> vendor, TwinCache cache)
            throws TwinException, InterruptedException {
        SourceTree tree = SourceTree.in(source);
        return on(source, tree.series(), tree.version(), edits, vendor, cache);
    }

    /** Tries edits on the source of a kernel from packages. */
    public static EditTrial on(
            KernelTree kernel, EditSet edits, Optional<Vendor> vendor, TwinCache cache, Progress progress)
            throws TwinException, InterruptedException {
        Path source = KvmSource.of(kernel, cache, new Steps(progress, cache.directory()));
        return on(source, kernel.series(), kernel.version(), edits, vendor, cache);
    }

    /** Whether every edit does there what it is for. */
    public boolean fits() {
        return outcomes.stream().allMatch(outcome -> outcome.verdict().fits());
    }

    /** The trial for programs: an object with version, series, known, fits and the edits with what became of each. */
    public String json() {
        return Json.text(new Told(
                version,
                series,
                known,
                fits(),
                outcomes.stream()
                        .map(each -> new ToldEdit(
                                each.edit().name(),
                                each.edit().kind(),
                                each.edit().terms().files(),
                                each.edit().terms().vendor().map(Vendor::word).orElse("both"),
                                each.expected(),
                                each.found(),
                                each.verdict().toString(),
                                each.place(),
                                each.edit().terms().reason()))
                        .toList()));
    }

    private record Told(String version, String series, boolean known, boolean fits, List<ToldEdit> edits) {}

    private record ToldEdit(
            String name,
            String kind,
            List<String> files,
            String vendor,
            int expected,
            int found,
            String verdict,
            String place,
            String reason) {}

    private static EditTrial on(
            Path source, String series, String version, EditSet edits, Optional<Vendor> vendor, TwinCache cache)
            throws TwinException, InterruptedException {
        return new EditTrial(version, series, edits.knows(series), edits.tryOn(source, series, vendor, cache));
    }
}
