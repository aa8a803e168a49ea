package io.twinhype.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Keeps the report of the soak of grafts in a documents' directory, and the page that tells of it. */
public final class GraftDocument {
    private GraftDocument() {}

    /** Keeps a report, with the cases of the last one that were not done again, and writes {@code soak-graft.md} anew. */
    public static Path record(GraftReport fresh, Path documents) throws SoakException {
        GraftReport report =
                Files.exists(kept(documents)) ? fresh.over(GraftJson.read(kept(documents), GraftReport.class)) : fresh;
        GraftJson.write(kept(documents), report);
        Path page = documents.resolve("soak-graft.md");
        try {
            Files.writeString(page, text(report));
            return page;
        } catch (IOException e) {
            throw new SoakException("Cannot write " + page + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }

    static String of(Path documents) throws SoakException {
        return text(GraftJson.read(kept(documents), GraftReport.class));
    }

    private static Path kept(Path documents) {
        return documents.resolve("soak/graft.json");
    }

    static String text(GraftReport report) {
        StringBuilder page = new StringBuilder("""
                # Soak: VMs grafted from one hypervisor to another and back

                Written by `twinhype soak graft --docs docs`, from docs/soak/graft.json: do not edit. Each case is a VM of its
                own; what it is made of is told in soak/src/main/java/io/twinhype/soak/GraftCases.java, what its guest checks
                in guest/src/main/c/init.c. AMD, in the lab (QEMU's emulation, one CPU): times are those of an emulated
                machine. A case is ok if no beat was lost or came twice, the guest found no error (memory, disk, vector, x87
                and general registers, clocks, timers, wake-ups, log, stream), the outside found none in its log and stream,
                the clock did not step away from the TSC by more than the longest silence, and after every graft nothing was
                left on the hypervisor that the VM came from.
                """);
        page.append("\n| | |\n|---|---|\n");
        PageTable.row(page, "command", "`" + report.command() + "`");
        report.environment().forEach((key, value) -> PageTable.row(page, key, value));
        PageTable.row(page, "took", String.format(Locale.ROOT, "%.0f s", report.seconds()));
        PageTable.row(
                page,
                "grafts",
                String.valueOf(report.outcomes().stream()
                        .mapToInt(GraftOutcome::grafts)
                        .sum()));
        PageTable.row(page, "outcome", report.passed() ? "passed" : "FAILED");
        List<String> problems = report.allProblems();
        if (!problems.isEmpty()) {
            page.append("\nProblems:\n\n");
            problems.forEach(problem ->
                    page.append("- ").append(problem.replaceAll("\\s+", " ")).append('\n'));
        }
        page.append(
                "\n| case | QEMU | finished | library | outcome | grafts | refused | made to fail | pause median, ms | pause max, ms |"
                        + " longest silence, ms |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
        for (GraftOutcome each : report.outcomes()) {
            PageTable.row(
                    page,
                    each.name(),
                    each.vmm(),
                    each.finished(),
                    each.library().replaceAll("^.*-|[.]so$", ""),
                    each.ok() ? "ok" : "FAILED",
                    String.valueOf(each.grafts()),
                    String.valueOf(each.refusals()),
                    String.valueOf(each.faults()),
                    figure(each, "pause_median_ms"),
                    figure(each, "pause_max_ms"),
                    figure(each, "silence_ms"));
        }
        report.leftOut()
                .forEach((name, why) ->
                        PageTable.row(page, name, "", "", "", "not done: " + why, "", "", "", "", "", ""));
        page.append("\n| case | everything measured |\n|---|---|\n");
        for (GraftOutcome each : report.outcomes()) {
            List<String> figures = new ArrayList<>();
            for (Map.Entry<String, Double> figure : each.figures().entrySet()) {
                figures.add(figure.getKey() + " " + figure(each, figure.getKey()));
            }
            PageTable.row(page, each.name(), String.join(", ", figures));
        }
        return page.toString();
    }

    private static String figure(GraftOutcome each, String key) {
        Double value = each.figures().get(key);
        if (value == null) {
            return "";
        }
        return key.endsWith("_ms")
                ? String.format(Locale.ROOT, "%.1f", value)
                : String.format(Locale.ROOT, "%.0f", value);
    }
}
