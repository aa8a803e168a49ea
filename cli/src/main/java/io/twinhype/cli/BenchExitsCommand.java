package io.twinhype.cli;

import io.twinhype.bench.BenchJson;
import io.twinhype.bench.ExitBench;
import io.twinhype.bench.ExitOptions;
import io.twinhype.bench.ExitReport;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Counts what exits from a guest cost on stock KVM and on ours. */
@Command(
        name = "exits",
        description = {
            "Count the instructions that an exit from a guest costs on stock KVM, on A alone, and on A with B loaded.",
            "",
            "All are loaded and measured in turn in one lab, whose clock counts instructions: the figures do not depend"
                    + " on what else this machine does. On A also with the graft library preloaded and without."
        },
        footerHeading = "%nKinds of exit:%n",
        footer = {
            "  cpuid   CPUID, answered inside the kernel",
            "  port    OUT to a port, which returns to user space",
            "  msr     the same, where TSC_AUX must be given back at every return",
            "  switch  the same, of two VMs in turn; with B loaded, one on A and one on B",
            "",
            "Exit status: 0 if a cpuid exit costs at most 1.03 times what it does on stock KVM and the lab's kernel did",
            "not complain; else 1."
        })
final class BenchExitsCommand implements Callable<Integer> {
    @Mixin
    private KernelOptions kernel = new KernelOptions();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "5",
            description = "How often each is loaded, in turn (default: ${DEFAULT-VALUE}).")
    private int rounds = 5;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "3",
            description = "Measurements of each kind per round (default: ${DEFAULT-VALUE}).")
    private int repeats = 3;

    @Option(
            names = "--exits",
            paramLabel = "N",
            defaultValue = "10000",
            description = "Exits per measurement (default: ${DEFAULT-VALUE}).")
    private int exits = 10_000;

    @Option(names = "--json", description = "Print the report as JSON instead of a table.")
    private boolean json;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "build/bench-exits",
            description = "Where exits.json and the lab's console go (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("build/bench-exits");

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (rounds < 1 || repeats < 1 || exits < 1) {
            throw new ParameterException(spec.commandLine(), "--rounds, --repeats and --exits must be at least 1.");
        }
        ExitReport report = new ExitBench(
                        new ExitOptions(kernel.series(), rounds, repeats, exits, out),
                        KernelOptions.cache(),
                        KernelOptions.sources(),
                        new HypervisorProgress(new PrintWriter(System.err, true, StandardCharsets.UTF_8)))
                .run();
        PrintWriter print = spec.commandLine().getOut();
        print.print(json ? BenchJson.text(report) : table(report));
        print.flush();
        return report.withinPromise() ? 0 : 1;
    }

    static String table(ExitReport report) {
        Table table = new Table("EXIT", "STOCK", "A", "A WITH B", "A/STOCK", "A WITH B/STOCK");
        for (ExitReport.Row row : report.rows()) {
            table.row(
                    row.kind(),
                    format("%.1f", row.stock().median()),
                    format("%.1f", row.alone().median()),
                    format("%.1f", row.both().median()),
                    format("%.4f", row.ratioAlone()),
                    format("%.4f", row.ratioBoth()));
        }
        StringBuilder text = new StringBuilder("Instructions per exit, medians of "
                + report.rows().getFirst().stock().measurements() + " measurements each\n" + table);
        Table library = new Table("EXIT ON A", "LIBRARY NOT PRELOADED", "PRELOADED", "RATIO");
        for (ExitReport.LibraryRow row : report.library()) {
            library.row(
                    row.kind(),
                    format("%.1f", row.without().median()),
                    format("%.1f", row.with().median()),
                    format("%.4f", row.ratio()));
        }
        text.append("The same, without and with the graft library\n").append(library);
        report.kernelComplaints().forEach(line -> text.append("The lab's kernel complained: ")
                .append(line)
                .append('\n'));
        text.append(report.withinPromise() ? "Within" : "Not within")
                .append(format(
                        " the promise: a cpuid exit costs at most %.2f times stock KVM's.\n", ExitReport.PROMISE));
        return text.toString();
    }

    private static String format(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
