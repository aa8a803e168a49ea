package io.twinhype.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Keeps the reports of Intel trials of a documents' directory, one a kernel series, and the page that tells of them. */
public final class IntelDocument {
    private IntelDocument() {}

    /** Keeps a report in place of the one of the same series, and writes {@code soak-intel.md} anew from all. */
    public static Path record(IntelReport report, Path documents) throws SoakException {
        Path kept = documents.resolve("soak-intel");
        SoakJson.write(kept.resolve(report.environment().getOrDefault("series", "unknown") + ".json"), report);
        Path page = documents.resolve("soak-intel.md");
        try {
            Files.writeString(page, of(kept));
            return page;
        } catch (IOException e) {
            throw new SoakException("Cannot write " + page + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }

    /** The page that tells of all reports in a directory. */
    static String of(Path kept) throws SoakException, IOException {
        List<IntelReport> reports = new ArrayList<>();
        try (Stream<Path> files = Files.list(kept)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".json"))
                    .sorted()
                    .toList()) {
                reports.add(SoakJson.readIntel(file));
            }
        }
        return text(reports);
    }

    static String text(List<IntelReport> reports) {
        StringBuilder page = new StringBuilder("""
                # The Intel trial: base, A and B on an emulated Intel processor

                Written by `twinhype soak intel --docs docs`, from docs/soak-intel/*.json: do not edit. What the steps are is told in
                soak/src/main/resources/io/twinhype/soak/intel.sh and check/src/main/c, why under Bochs and what it cannot show in
                docs/adr/0018-intel-runs-under-bochs.md. Seconds in figures are the lab's own, which pass with instructions.
                """);
        for (IntelReport report : reports) {
            section(page, report);
        }
        return page.toString();
    }

    private static void section(StringBuilder page, IntelReport report) {
        List<String> problems = report.problems();
        page.append("\n## Kernel ")
                .append(report.environment().getOrDefault("kernel", "unknown"))
                .append("\n\n| | |\n|---|---|\n");
        report.environment().forEach((key, value) -> PageTable.row(page, key, value));
        PageTable.row(page, "took", seconds(report.seconds()));
        PageTable.row(page, "outcome", problems.isEmpty() ? "passed" : "FAILED");
        if (!problems.isEmpty()) {
            page.append("\nProblems:\n\n");
            problems.forEach(problem -> page.append("- ").append(problem).append('\n'));
        }
        for (int i = 0; i < report.boots().size(); i++) {
            boot(page, report.boots().get(i), report.sizes().get(i));
        }
        PageTable.guards(page, "step", report.guards());
    }

    private static void boot(StringBuilder page, IntelBoot boot, IntelSize size) {
        page.append("\n### ")
                .append(boot.cpus() == 1 ? "One CPU" : boot.cpus() + " CPUs")
                .append("\n\n")
                .append(size.reloads())
                .append(" reloads of each hypervisor, ")
                .append(size.leakSeconds())
                .append(" s of each leak test; in all ")
                .append(boot.seconds() == 0 ? "not finished" : seconds(boot.seconds()))
                .append(".\n\n| step | outcome | what was seen | figures |\n|---|---|---|---|\n");
        for (Check check : boot.checks()) {
            PageTable.row(page, check.name(), check.ok() ? "ok" : "FAILED", check.sentence(), check.measured());
        }
    }

    private static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%.0f s", seconds);
    }
}
