package io.twinhype.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.bench.ExitReport.Row;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What being a twin costs, at a small size: instructions are counted, so the figures do not depend on the time. */
@Tag("lab")
final class ExitBenchLabTests {
    @TempDir
    private Path directory;

    @Test
    void anExitCostsWhatItDoesOnStockKvm() throws Exception {
        ExitReport report = new ExitBench(
                        new ExitOptions(KernelSeries.V6_1, 1, 3, 2000, directory),
                        TwinCache.of(System.getenv()),
                        KernelSources.of(System.getenv()),
                        Progress.SILENT)
                .run();

        assertThat(report.kernelComplaints()).isEmpty();
        assertThat(report.rows()).extracting(Row::kind).containsExactly("cpuid", "port", "msr", "switch");
        assertThat(report.rows()).allSatisfy(row -> {
            assertThat(row.stock().median()).as("a real exit of %s", row.kind()).isGreaterThan(500);
            assertThat(row.ratioAlone()).as("%s on A", row.kind()).isLessThanOrEqualTo(ExitReport.PROMISE);
            assertThat(row.ratioBoth()).as("%s on A with B", row.kind()).isLessThanOrEqualTo(ExitReport.PROMISE);
        });
        assertThat(report.library()).hasSize(4).allSatisfy(row -> {
            assertThat(row.without().median())
                    .as("a real exit of %s", row.kind())
                    .isGreaterThan(500);
            assertThat(row.ratio()).as("%s with the graft library", row.kind()).isLessThanOrEqualTo(ExitReport.PROMISE);
        });
        assertThat(report.withinPromise()).isTrue();
        assertThat(directory.resolve("exits.json")).content().contains("\"cpuid\"");
    }
}
