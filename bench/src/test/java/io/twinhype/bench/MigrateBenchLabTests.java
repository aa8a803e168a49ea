package io.twinhype.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.bench.MigrateReport.Row;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The comparison at a small size. How long anything took is not judged: the figures depend on the machine. */
@Tag("lab")
final class MigrateBenchLabTests {
    @TempDir
    private Path directory;

    @Test
    void aGuestIsMovedByEachMethodInTurn() throws Exception {
        MigrateReport report = new MigrateBench(
                        new MigrateOptions(
                                KernelSeries.V6_1,
                                List.of(new MigratePart(new MigrateGuest(128, 1, 0), 1)),
                                2,
                                10_000,
                                directory),
                        TwinCache.of(System.getenv()),
                        KernelSources.of(System.getenv()),
                        Progress.SILENT)
                .run();

        assertThat(report.problems()).isEmpty();
        assertThat(report.kernelComplaints()).isEmpty();
        assertThat(report.rows())
                .extracting(Row::method)
                .containsExactly(MigrateMethod.GRAFT, MigrateMethod.HANDOFF, MigrateMethod.COPY, MigrateMethod.TCP);
        assertThat(report.rows()).extracting(row -> row.pause().count()).containsExactly(2, 2, 1, 1);
        assertThat(report.rows())
                .allSatisfy(row -> assertThat(row.failures()).as(row.toString()).isEmpty());
        Row graft = report.rows().getFirst();
        assertThat(graft.parts())
                .containsOnlyKeys(
                        "prepare",
                        "park",
                        "detach",
                        "read",
                        "write",
                        "attach",
                        "switch",
                        "release",
                        "pause",
                        "teardown");
        assertThat(graft.parts().values()).allMatch(spread -> spread.most() > 0);
        assertThat(graft.medianSocketBytes()).isZero();
        assertThat(report.rows().getLast().medianSocketBytes()).isGreaterThan(1_000_000);
        assertThat(report.goals()).hasSize(2);
        assertThat(directory.resolve("migrate.json")).content().contains("\"hostLoad\"");
    }
}
