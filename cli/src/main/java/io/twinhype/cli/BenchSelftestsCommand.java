package io.twinhype.cli;

import io.twinhype.bench.SelftestBench;
import io.twinhype.bench.SelftestDocument;
import io.twinhype.bench.SelftestOptions;
import io.twinhype.bench.SelftestOutcome.Verdict;
import io.twinhype.bench.SelftestReport;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
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

/** Runs the kernel's own KVM selftests on stock KVM, on A and on B. */
@Command(
        name = "selftests",
        description = {
            "Run the kernel's own KVM selftests (tools/testing/selftests/kvm) on stock KVM, on A and on B, in the lab,"
                    + " and compare.",
            "",
            "They are compiled from the kernel's source package first."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype bench selftests",
            "  twinhype bench selftests --only state_test,smm_test",
            "",
            "Exit status: 0 if every test came to the same on all three; else 1."
        })
final class BenchSelftestsCommand implements Callable<Integer> {
    @Mixin
    private KernelOptions kernel = new KernelOptions();

    @Option(
            names = "--only",
            paramLabel = "NAME",
            split = ",",
            description = "Only these tests, with or without their directory; may be repeated.")
    private List<String> only = new ArrayList<>();

    @Option(
            names = "--limit",
            paramLabel = "SECONDS",
            defaultValue = "300",
            description = "End a test after so long by the lab's clock (default: ${DEFAULT-VALUE}).")
    private long limitSeconds = 300;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "build/bench-selftests",
            description = "Where selftests.md, selftests.json and what the tests said go (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("build/bench-selftests");

    @Option(
            names = "--docs",
            paramLabel = "DIR",
            description = "Also keep the report in DIR/selftests and write DIR/selftests.md anew; not with --only.")
    private Optional<Path> docs = Optional.empty();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (limitSeconds < 1) {
            throw new ParameterException(spec.commandLine(), "--limit must be at least 1 second.");
        }
        if (docs.isPresent() && !only.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "--docs is for all tests, it does not go with --only.");
        }
        SelftestReport report = new SelftestBench(
                        new SelftestOptions(kernel.series(), only, Duration.ofSeconds(limitSeconds), out),
                        KernelOptions.cache(),
                        KernelOptions.sources(),
                        new HypervisorProgress(new PrintWriter(System.err, true, StandardCharsets.UTF_8)))
                .run();
        PrintWriter print = spec.commandLine().getOut();
        print.print(table(report));
        print.println("The whole table, with reasons, is in " + out.resolve("selftests.md") + ".");
        if (docs.isPresent()) {
            print.println("Recorded in " + SelftestDocument.record(report, docs.get()) + ".");
        }
        print.flush();
        return report.same() ? 0 : 1;
    }

    static String table(SelftestReport report) {
        StringBuilder text = new StringBuilder();
        if (!report.different().isEmpty()) {
            Table table = new Table("TEST", "STOCK", "A", "B");
            report.different()
                    .forEach(row -> table.row(
                            row.test(),
                            word(row.stock().verdict()),
                            word(row.a().verdict()),
                            word(row.b().verdict())));
            text.append("These did not come to the same, or made the kernel complain:\n")
                    .append(table);
        }
        return text.append(report.rows().size())
                .append(" tests: ")
                .append(report.count(Verdict.PASS))
                .append(" pass on stock KVM, A and B alike, ")
                .append(report.different().size())
                .append(" differ; the others skip, fail or do not finish on all three.\n")
                .toString();
    }

    private static String word(Verdict verdict) {
        return verdict.name().toLowerCase(Locale.ROOT);
    }
}
