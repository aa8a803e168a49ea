package io.twinhype.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Keeps the reports on selftests of a documents' directory, one a kernel series, and the page that tells of them. */
public final class SelftestDocument {
    private SelftestDocument() {}

    /** Keeps a report in place of the one of the same series, and writes {@code selftests.md} anew from all. */
    public static Path record(SelftestReport report, Path documents) throws BenchException {
        Path kept = documents.resolve("selftests");
        Path page = documents.resolve("selftests.md");
        try {
            Files.createDirectories(kept);
            Files.writeString(kept.resolve(report.series() + ".json"), BenchJson.text(report));
            Files.writeString(page, of(kept));
            return page;
        } catch (IOException e) {
            throw new BenchException("Cannot write " + page + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }

    /** The page that tells of all reports in a directory. */
    static String of(Path kept) throws BenchException, IOException {
        List<SelftestReport> reports = new ArrayList<>();
        try (Stream<Path> files = Files.list(kept)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".json"))
                    .sorted()
                    .toList()) {
                reports.add(BenchJson.selftests(file));
            }
        }
        return SelftestPage.of(reports);
    }
}
