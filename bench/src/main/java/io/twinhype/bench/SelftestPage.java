package io.twinhype.bench;

import io.twinhype.bench.SelftestOutcome.Verdict;
import io.twinhype.bench.SelftestReport.Row;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Reports as the page docs/selftests.md. */
final class SelftestPage {
    private final StringBuilder text = new StringBuilder();

    private SelftestPage() {}

    static String of(List<SelftestReport> reports) {
        SelftestPage page = new SelftestPage();
        page.text.append("""
                # The kernel's own KVM selftests

                tools/testing/selftests/kvm of the Debian package linux-source, compiled as static programs and run on the kernel of the same
                version in the lab (QEMU's emulation of one AMD CPU): on the distribution's KVM, on A with B loaded, on B with A loaded.
                Seconds are the lab's, whose clock counts instructions.

                Written by `twinhype bench selftests --docs docs`, from docs/selftests/*.json: do not edit.
                """);
        reports.forEach(page::report);
        page.text.append("\n## Not run in the lab\n\n| test | why |\n|---|---|\n");
        new TreeMap<>(SelftestNotes.unfit()).forEach((test, why) -> page.text
                .append("| ")
                .append(test)
                .append(" | ")
                .append(why)
                .append(" |\n"));
        return page.text.toString();
    }

    private void report(SelftestReport report) {
        head(report);
        table("Different", "These did not come to the same on all three.", report.different(), true);
        table(
                "Different at first",
                "These differed, and came to the same on all three in each of " + SelftestBench.REPEATS
                        + " further runs: what they came to at first.",
                report.unsteady(),
                true);
        table("Passed on all three", "", rows(report, Row::passed), false);
        table(
                "Not passed on any, for the same reason",
                "A test skips itself when what it needs is not there; the words are its own.",
                rows(report, row -> row.same() && !row.passed()),
                true);
        if (!report.unbuilt().isEmpty()) {
            text.append("\n### Not compiled\n\n")
                    .append(String.join(", ", report.unbuilt()))
                    .append('\n');
        }
    }

    private static List<Row> rows(SelftestReport report, Predicate<Row> which) {
        return report.rows().stream().filter(which).toList();
    }

    private void head(SelftestReport report) {
        text.append("\n## Kernel ")
                .append(report.environment().getOrDefault("kernelPackage", "?"))
                .append("\n\n`./twinhype bench selftests --kernel ")
                .append(report.series())
                .append(" --limit ")
                .append(report.environment().getOrDefault("limitSeconds", "?"))
                .append("`, finished ")
                .append(report.environment().getOrDefault("finished", "?"))
                .append(", kernel ")
                .append(report.environment().getOrDefault("kernel", "?"))
                .append(".\n\n")
                .append(String.format(
                        Locale.ROOT,
                        "%d tests: %d pass on all three, %d skip themselves on all three, %d fail and %d do not finish on"
                                + " all three; %d come to different results.\n",
                        report.rows().size(),
                        report.count(Verdict.PASS),
                        report.count(Verdict.SKIP),
                        report.count(Verdict.FAIL) + report.count(Verdict.CRASH),
                        report.count(Verdict.TIMEOUT),
                        report.different().size()));
    }

    private void table(String title, String sentence, List<Row> rows, boolean reasons) {
        if (rows.isEmpty()) {
            return;
        }
        text.append("\n### ").append(title).append("\n\n");
        if (!sentence.isEmpty()) {
            text.append(sentence).append("\n\n");
        }
        text.append(
                reasons
                        ? "| test | stock | A | B | why |\n|---|---|---|---|---|\n"
                        : "| test | stock | A | B |\n|---|---|---|---|\n");
        for (Row row : rows) {
            text.append("| ").append(row.test());
            if (!row.arguments().isEmpty()) {
                text.append(" `").append(row.arguments()).append('`');
            }
            text.append(" | ")
                    .append(cell(row.stock()))
                    .append(" | ")
                    .append(cell(row.a()))
                    .append(" | ")
                    .append(cell(row.b()));
            if (reasons) {
                text.append(" | ").append(why(row));
            }
            text.append(" |\n");
        }
    }

    /** The verdict, with the seconds it took if it passed. */
    private static String cell(SelftestOutcome outcome) {
        String word = outcome.verdict().name().toLowerCase(Locale.ROOT);
        String seconds =
                outcome.verdict() == Verdict.PASS ? String.format(Locale.ROOT, " %.1f s", outcome.seconds()) : "";
        return word + seconds + (outcome.complaints().isEmpty() ? "" : ", the kernel complained");
    }

    private static String why(Row row) {
        String reason = List.of(row.stock(), row.a(), row.b()).stream()
                .map(SelftestOutcome::reason)
                .filter(each -> !each.isEmpty())
                .findFirst()
                .orElse("");
        String complaint = List.of(row.stock(), row.a(), row.b()).stream()
                .flatMap(outcome -> outcome.complaints().stream())
                .findFirst()
                .map(line -> " The kernel: " + line)
                .orElse("");
        String cause = SelftestNotes.cause(row.test());
        return (reason + complaint + (cause.isEmpty() ? "" : " " + cause)).replace("|", "\\|");
    }
}
