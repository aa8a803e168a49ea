package io.twinhype.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Keeps the reports of a documents' directory, one a kernel series, and the page that tells of them. */
public final class SoakDocument {
    /** Reports of this kind are named by their kernel's series; others are kept beside them. */
    private static final Pattern NAME = Pattern.compile("\\d+\\.\\d+\\.json");

    private SoakDocument() {}

    /** Keeps a report in place of the one of the same series, and writes {@code soak.md} anew from all. */
    public static Path record(SoakReport report, Path documents) throws SoakException {
        Path kept = documents.resolve("soak");
        SoakJson.write(kept.resolve(report.environment().getOrDefault("series", "unknown") + ".json"), report);
        Path page = documents.resolve("soak.md");
        try {
            Files.writeString(page, of(documents));
            return page;
        } catch (IOException e) {
            throw new SoakException("Cannot write " + page + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }

    /** The page that tells of all reports that are kept in a documents' directory. */
    static String of(Path documents) throws SoakException, IOException {
        List<SoakReport> reports = new ArrayList<>();
        try (Stream<Path> files = Files.list(documents.resolve("soak"))) {
            for (Path file : files.filter(
                            each -> NAME.matcher(each.getFileName().toString()).matches())
                    .sorted()
                    .toList()) {
                reports.add(SoakJson.read(file));
            }
        }
        return text(reports);
    }

    static String text(List<SoakReport> reports) {
        StringBuilder page = new StringBuilder("""
                # Soak: what was done to two hypervisors beside each other

                Written by `twinhype soak kernel --docs docs`, from docs/soak/*.json: do not edit. What the checks are is told in
                soak/src/main/resources/io/twinhype/soak/soak.sh and check/src/main/c, how guards are taken out in
                docs/adr/0019-guards-are-taken-out-by-their-edits.md. AMD, in the lab (QEMU's emulation, one CPU where nothing
                else is said).
                """);
        for (SoakReport report : reports) {
            section(page, report);
        }
        return page.toString();
    }

    private static void section(StringBuilder page, SoakReport report) {
        Map<String, String> on = report.environment();
        page.append("\n## Kernel ").append(on.get("series")).append("\n\n");
        page.append("| | |\n|---|---|\n");
        on.forEach((key, value) -> PageTable.row(page, key, value));
        PageTable.row(
                page,
                "size",
                report.size().reloads() + " reloads, " + report.size().leakSeconds() + " s of leak test, "
                        + report.size().hotplugCycles() + " hotplug cycles");
        PageTable.row(page, "took", String.format(Locale.ROOT, "%.0f s", report.seconds()));
        PageTable.row(page, "outcome", report.passed() ? "passed" : "FAILED");
        if (!report.problems().isEmpty()) {
            page.append("\nProblems:\n\n");
            report.problems()
                    .forEach(problem -> page.append("- ").append(problem).append('\n'));
        }
        page.append("\n| check | outcome | what was seen |\n|---|---|---|\n");
        for (Check check : report.checks()) {
            PageTable.row(page, check.name(), check.ok() ? "ok" : "FAILED", check.sentence());
        }
        page.append("\n| check | figures |\n|---|---|\n");
        for (Check check : report.checks()) {
            if (!check.figures().isEmpty()) {
                PageTable.row(page, check.name(), check.measured());
            }
        }
        PageTable.guards(page, "check", report.guards());
    }
}
