package io.twinhype.cli;

import io.twinhype.bench.BenchJson;
import io.twinhype.bench.MigrateBench;
import io.twinhype.bench.MigrateGoal;
import io.twinhype.bench.MigrateGuest;
import io.twinhype.bench.MigrateOptions;
import io.twinhype.bench.MigratePage;
import io.twinhype.bench.MigratePart;
import io.twinhype.bench.MigrateReport;
import io.twinhype.twin.TwinException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Compares the ways to move a VM. */
@Command(
        name = "migrate",
        description = {
            "Measure what a guest notices of being moved between A and B by graft, by handoff, by copy, and by ordinary"
                    + " live migration over TCP.",
            "",
            "One guest at a time goes back and forth by each method in turn, in one lab. Unless --matrix is given, guests"
                    + " differ from the first in one thing each: memory, vCPUs, or what is written."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype bench migrate --runs 10 --memory 256 --vcpus 1 --dirty 0",
            "  twinhype bench migrate --docs docs",
            "",
            "Exit status: 0 if every goal was reached, no guest came to harm and the lab's kernel did not complain; else 1."
        })
final class BenchMigrateCommand implements Callable<Integer> {
    @Mixin
    private KernelOptions kernel = new KernelOptions();

    @Option(
            names = "--memory",
            paramLabel = "MIB",
            split = ",",
            defaultValue = "256,1024,4096",
            description = "RAM of the guests, MiB; the lab needs twice the most and 3 GiB (default: ${DEFAULT-VALUE}).")
    private List<Integer> memory = new ArrayList<>();

    @Option(
            names = "--vcpus",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,2,4",
            description = "vCPUs of the guests (default: ${DEFAULT-VALUE}).")
    private List<Integer> vcpus = new ArrayList<>();

    @Option(
            names = "--dirty",
            paramLabel = "MIB",
            split = ",",
            defaultValue = "0,64",
            description = "What the guests write without an end, MiB; 0 for idle ones (default: ${DEFAULT-VALUE}).")
    private List<Integer> dirty = new ArrayList<>();

    @Option(names = "--matrix", description = "Measure every combination.")
    private boolean matrix;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "100",
            description = "Moves by each method and guest (default: ${DEFAULT-VALUE}).")
    private int runs = 100;

    @Option(
            names = "--copies",
            paramLabel = "N",
            split = ",",
            description =
                    "Moves by copy and by TCP, which take long, among the others: for all guests, or for each size of"
                            + " --memory (default: as many as the others).")
    private List<Integer> copies = new ArrayList<>();

    @Option(
            names = "--beat-us",
            paramLabel = "US",
            defaultValue = "5000",
            description = "Period of the guests' heartbeat, microseconds (default: ${DEFAULT-VALUE}).")
    private int beatMicros = 5000;

    @Option(names = "--json", description = "Print the report as JSON instead of tables.")
    private boolean json;

    @Option(
            names = "--docs",
            paramLabel = "DIR",
            description = "Also write DIR/migrate.md, .svg and .json; what is there of other guests stays.")
    private Optional<Path> docs = Optional.empty();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "build/bench-migrate",
            description = "Where migrate.json and the lab's console go (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("build/bench-migrate");

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        MigrateReport report = new MigrateBench(
                        options(),
                        KernelOptions.cache(),
                        KernelOptions.sources(),
                        new HypervisorProgress(new PrintWriter(System.err, true, StandardCharsets.UTF_8)))
                .run();
        PrintWriter print = spec.commandLine().getOut();
        print.print(json ? BenchJson.text(report) : table(report));
        if (docs.isPresent()) {
            Path page = MigratePage.write(report, words(), docs.get());
            if (!json) {
                print.println("Recorded in " + page + ".");
            }
        }
        print.flush();
        return report.good() ? 0 : 1;
    }

    private MigrateOptions options() throws TwinException {
        try {
            List<MigrateGuest> guests =
                    matrix ? MigrateGuest.all(memory, vcpus, dirty) : MigrateGuest.star(memory, vcpus, dirty);
            return new MigrateOptions(
                    kernel.series(),
                    guests.stream()
                            .map(guest -> new MigratePart(guest, copies(guest)))
                            .toList(),
                    runs,
                    beatMicros,
                    out);
        } catch (IllegalArgumentException wrong) {
            throw new ParameterException(spec.commandLine(), String.valueOf(wrong.getMessage()), wrong);
        }
    }

    private int copies(MigrateGuest guest) {
        if (copies.isEmpty()) {
            return runs;
        }
        if (copies.size() != 1 && copies.size() != memory.size()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--copies has " + copies.size() + " numbers and --memory has " + memory.size()
                            + ": give one for all guests, or one for each size of memory.");
        }
        return copies.get(copies.size() == 1 ? 0 : memory.indexOf(guest.memoryMebibytes()));
    }

    /** What was typed, but for where its results went. */
    private String words() {
        List<String> words =
                new ArrayList<>(spec.root().commandLine().getParseResult().originalArgs());
        for (int place = words.indexOf("--out");
                place >= 0 && place + 1 < words.size();
                place = words.indexOf("--out")) {
            words.subList(place, place + 2).clear();
        }
        return "./twinhype " + String.join(" ", words);
    }

    static String table(MigrateReport report) {
        Table table = new Table("GUEST", "METHOD", "RUNS", "PAUSE P50 ms", "P99", "MAX", "MOVE P50 ms", "FAILED");
        for (MigrateReport.Row row : report.rows()) {
            table.row(
                    row.guest().describe(),
                    row.method().label(),
                    row.pause().count(),
                    millis(row.pause().median()),
                    millis(row.pause().p99()),
                    millis(row.pause().most()),
                    millis(row.total().median()),
                    row.failures().isEmpty() ? "-" : String.join("; ", row.failures()));
        }
        StringBuilder text =
                new StringBuilder("Pause: longest silence of the guest's heartbeat, seen from outside\n").append(table);
        Table goals = new Table("GOAL", "MEASURED", "");
        for (MigrateGoal goal : report.goals()) {
            goals.row(goal.goal(), goal.measured(), goal.reached() ? "reached" : "missed");
        }
        text.append('\n').append(goals);
        report.problems().forEach(problem -> text.append(problem).append('\n'));
        report.kernelComplaints().forEach(line -> text.append("The lab's kernel complained: ")
                .append(line)
                .append('\n'));
        return text.toString();
    }

    private static String millis(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
