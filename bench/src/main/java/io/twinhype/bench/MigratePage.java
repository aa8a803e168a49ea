package io.twinhype.bench;

import io.twinhype.bench.MigrateReport.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reports as the page docs/migrate.md, with their plot and their figures beside it. */
public final class MigratePage {
    private final StringBuilder text = new StringBuilder();
    private final List<MigrateRecord> records;

    private MigratePage(List<MigrateRecord> records) {
        this.records = records;
    }

    /**
     * Writes {@code migrate.md}, {@code migrate.svg} and {@code migrate.json} into a directory. What is there of guests that
     * this report does not have, stays.
     *
     * @param command what was typed
     * @return the page
     */
    public static Path write(MigrateReport report, String command, Path docs) throws BenchException {
        Path page = docs.resolve("migrate.md");
        Path kept = docs.resolve("migrate.json");
        try {
            Files.createDirectories(docs);
            List<MigrateRecord> records = MigrateRecord.with(
                    Files.exists(kept) ? BenchJson.migrations(kept) : List.of(), new MigrateRecord(command, report));
            Files.writeString(page, text(records));
            Files.writeString(docs.resolve("migrate.svg"), MigratePlot.svg(rows(records)));
            Files.writeString(kept, BenchJson.text(records));
            return page;
        } catch (IOException e) {
            throw new BenchException(
                    "Cannot write to " + docs + " (" + e.getMessage() + "): name another directory with --docs.", e);
        }
    }

    static String text(List<MigrateRecord> records) {
        MigratePage page = new MigratePage(records);
        page.head();
        page.goals();
        page.pauses();
        page.parts();
        page.problems();
        return page.text.toString();
    }

    private static List<Row> rows(List<MigrateRecord> records) {
        return records.stream().flatMap(each -> each.report().rows().stream()).toList();
    }

    private void head() {
        text.append("# Ways to move a VM, compared\n\n")
                .append(
                        "In the lab: QEMU's software emulation of one AMD CPU, guests nested in it. Nothing here is from bare")
                .append(
                        " metal: compare the methods\nwith each other, not the figures with another machine's. Measured by\n\n");
        for (MigrateRecord each : records) {
            Map<String, String> environment = each.report().environment();
            text.append("- `")
                    .append(each.command())
                    .append("`, finished ")
                    .append(environment.getOrDefault("finished", "?"))
                    .append(": ")
                    .append(String.join(
                            "; ",
                            each.report().guests().stream()
                                    .map(MigrateGuest::describe)
                                    .toList()))
                    .append(". Kernel ")
                    .append(environment.getOrDefault("kernelPackage", "?"))
                    .append(", QEMU ")
                    .append(environment.getOrDefault("qemu", "?"))
                    .append(", on a machine with ")
                    .append(environment.getOrDefault("hostCpus", "?"))
                    .append(" CPUs and loads of ")
                    .append(environment.getOrDefault("hostLoad", "?"))
                    .append(" (1, 5 and 15 minutes); a beat every ")
                    .append(environment.getOrDefault("beatMicros", "?"))
                    .append(" us.\n");
        }
        text.append("\nOne guest at a time, alone on the lab's CPU, goes back and forth between A and B by each method")
                .append(
                        " in turn, so that\nwhat disturbs the machine disturbs all. A pause is the longest silence of the")
                .append(" guest's heartbeat while it is moved, seen\nfrom outside; the heartbeat's period is in it.")
                .append(" A move lasts from the order until the guest runs on the other side.\n")
                .append(
                        "A pause begins after the preparation (of a second VM in the process; of a second QEMU), in which the")
                .append(" guest runs, but shares the\nlab's one CPU: `silence` is the longest one with it.")
                .append(" p99 of fewer than 100 runs is the longest.\n\n")
                .append("![Pauses by size of memory](migrate.svg)\n");
    }

    private void goals() {
        text.append("\n## Goals\n\n| goal | measured | |\n|---|---|---|\n");
        for (MigrateRecord each : records) {
            for (MigrateGoal goal : each.report().goals()) {
                line(goal.goal(), goal.measured(), goal.reached() ? "reached" : "**missed**");
            }
        }
    }

    private void pauses() {
        text.append("\n## Pauses\n\n")
                .append(
                        "| guest | method | runs | pause p50 ms | p99 | max | silence p50 ms | move p50 ms | between processes, bytes |\n")
                .append("|---|---|---|---|---|---|---|---|---|\n");
        for (Row row : rows(records)) {
            boolean any = row.pause().count() > 0;
            line(
                    row.guest().describe(),
                    row.method().label(),
                    String.valueOf(row.pause().count()),
                    any ? millis(row.pause().median()) : "–",
                    any ? millis(row.pause().p99()) : "–",
                    any ? millis(row.pause().most()) : "–",
                    any ? millis(row.silence().median()) : "–",
                    any ? millis(row.total().median()) : "–",
                    any ? String.format(Locale.ROOT, "%,d", row.medianSocketBytes()) : "–");
        }
        rows(records).stream().filter(row -> !row.failures().isEmpty()).forEach(row -> text.append("\nNot moved, ")
                .append(row.guest().describe())
                .append(", ")
                .append(row.method().label())
                .append(": ")
                .append(String.join("; ", row.failures()).replace("|", "\\|"))
                .append('\n'));
    }

    private void parts() {
        List<Row> grafts =
                rows(records).stream().filter(row -> !row.parts().isEmpty()).toList();
        if (grafts.isEmpty()) {
            return;
        }
        List<String> names = List.copyOf(grafts.getFirst().parts().keySet());
        text.append("\n## Parts of a graft\n\n")
                .append(
                        "Medians (p99), ms, as the library measured them. `pause` is from the order to park to the release;")
                .append(" `prepare` and\n`teardown` are outside of it.\n\n| guest | ")
                .append(String.join(" | ", names))
                .append(" |\n|---")
                .append("|---".repeat(names.size()))
                .append("|\n");
        for (Row row : grafts) {
            text.append("| ").append(row.guest().describe());
            for (String name : names) {
                MigrateSpread spread = row.parts().getOrDefault(name, MigrateSpread.of(List.of()));
                text.append(String.format(Locale.ROOT, " | %.2f (%.2f)", spread.median(), spread.p99()));
            }
            text.append(" |\n");
        }
    }

    private void problems() {
        List<String> lines = new ArrayList<>();
        for (MigrateRecord each : records) {
            each.report().problems().forEach(lines::add);
            each.report().kernelComplaints().forEach(line -> lines.add("The lab's kernel complained: " + line));
        }
        if (!lines.isEmpty()) {
            text.append("\n## What went wrong\n\n");
            lines.forEach(line -> text.append("- ").append(line).append('\n'));
        }
    }

    private void line(String... cells) {
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private static String millis(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
