package io.twinhype.bench;

import io.twinhype.bench.SelftestReport.Row;
import io.twinhype.lab.LabException;
import io.twinhype.twin.KernelSelftests;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Runs the kernel's own KVM selftests on stock KVM, on A and on B, in the lab, and compares. */
public final class SelftestBench {
    /** Times that a test is run again which differs: chance differs again, and so does a fault that comes often. */
    static final int REPEATS = 3;

    private final SelftestOptions options;
    private final TwinCache cache;
    private final KernelSources sources;
    private final Progress progress;

    /** Prepares a comparison. */
    public SelftestBench(SelftestOptions options, TwinCache cache, KernelSources sources, Progress progress) {
        this.options = options;
        this.cache = cache;
        this.sources = sources;
        this.progress = progress;
    }

    /**
     * Runs the tests, and writes {@code selftests.json} and {@code selftests.md}.
     *
     * @throws BenchException if there is nothing to compare
     */
    public SelftestReport run() throws BenchException, TwinException, LabException, InterruptedException {
        Path out = options.out().toAbsolutePath().normalize();
        BenchModules modules = BenchModules.of(options.series(), cache, sources, progress);
        KernelSelftests selftests = KernelSelftests.of(modules.tree(), cache, progress);
        List<String> tests = chosen(selftests.names(), options.only());
        SelftestRun run =
                new SelftestRun(modules, selftests.directory(), SelftestNotes.arguments(), options.limit(), progress);
        List<Row> rows = rows(run, tests, out);
        List<Row> unsteady = new ArrayList<>();
        for (Row row : List.copyOf(rows)) {
            if (!row.same() && row.quiet()) {
                Optional<Row> again = again(run, row.test(), out);
                if (again.isPresent()) {
                    unsteady.add(row);
                    rows.set(rows.indexOf(row), again.get());
                }
            }
        }
        SelftestReport report = new SelftestReport(
                rows.stream().allMatch(Row::same), rows, unsteady, selftests.unbuilt(), environment(modules));
        write(out.resolve("selftests.json"), BenchJson.text(report));
        write(out.resolve("selftests.md"), SelftestPage.of(List.of(report)));
        return report;
    }

    /** What each test comes to on all three, in labs whose results go below a directory. */
    private static List<Row> rows(SelftestRun run, List<String> tests, Path directory)
            throws BenchException, LabException, InterruptedException {
        Map<SelftestSubject, Map<String, SelftestOutcome>> outcomes = new EnumMap<>(SelftestSubject.class);
        for (SelftestSubject subject : SelftestSubject.values()) {
            outcomes.put(subject, run.on(subject, tests, directory));
        }
        List<Row> rows = new ArrayList<>();
        for (String test : tests) {
            rows.add(new Row(
                    test,
                    SelftestNotes.arguments().getOrDefault(test, ""),
                    outcome(outcomes, SelftestSubject.STOCK, test),
                    outcome(outcomes, SelftestSubject.A, test),
                    outcome(outcomes, SelftestSubject.B, test)));
        }
        return rows;
    }

    /** What a test comes to when it is run again, some times, if that is always the same on all three. */
    private static Optional<Row> again(SelftestRun run, String test, Path directory)
            throws BenchException, LabException, InterruptedException {
        Row last = null;
        for (int time = 1; time <= REPEATS; time++) {
            last = rows(run, List.of(test), directory.resolve("again-" + time)).getFirst();
            if (!last.same()) {
                return Optional.empty();
            }
        }
        return Optional.ofNullable(last);
    }

    /** The tests asked for, by their names with or without the directory; if none is named, all that are fit for the lab. */
    static List<String> chosen(List<String> names, List<String> only) throws BenchException {
        if (only.isEmpty()) {
            return names.stream()
                    .filter(name -> !SelftestNotes.unfit().containsKey(name))
                    .toList();
        }
        List<String> chosen = new ArrayList<>();
        for (String wanted : only) {
            chosen.add(names.stream()
                    .filter(name -> name.equals(wanted) || name.endsWith("/" + wanted))
                    .findFirst()
                    .orElseThrow(() -> new BenchException("This kernel has no KVM selftest " + wanted + "; it has: "
                            + String.join(", ", names) + ".")));
        }
        return chosen;
    }

    private static SelftestOutcome outcome(
            Map<SelftestSubject, Map<String, SelftestOutcome>> outcomes, SelftestSubject subject, String test)
            throws BenchException {
        SelftestOutcome outcome = outcomes.getOrDefault(subject, Map.of()).get(test);
        if (outcome == null) {
            throw new BenchException("The lab did not come to " + test + " on " + subject.label()
                    + ": run it again, with a shorter --limit.");
        }
        return outcome;
    }

    private Map<String, String> environment(BenchModules modules) {
        Map<String, String> environment = new TreeMap<>();
        environment.put(
                "finished", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        environment.put("kernel", modules.tree().release());
        environment.put("kernelPackage", modules.tree().version());
        environment.put("limitSeconds", Long.toString(options.limit().toSeconds()));
        return environment;
    }

    private static void write(Path file, String text) throws BenchException {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new BenchException("Cannot write " + file + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }
}
