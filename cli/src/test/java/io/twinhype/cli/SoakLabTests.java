package io.twinhype.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.soak.Check;
import io.twinhype.soak.Guard;
import io.twinhype.soak.GuardOutcome;
import io.twinhype.soak.Soak;
import io.twinhype.soak.SoakOptions;
import io.twinhype.soak.SoakReport;
import io.twinhype.soak.SoakSize;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The soak, at a size that a test can afford. */
@Tag("lab")
final class SoakLabTests {
    @TempDir
    private Path directory;

    @Test
    void guestsOfOneHypervisorNoticeNothingOfTheOtherAndMissEveryGuard() throws Exception {
        SoakReport report = new Soak(
                        new SoakOptions(
                                "6.1",
                                SoakSize.QUICK,
                                directory,
                                SoakKernelCommand.twinhype(),
                                List.of(Guard.values())),
                        TwinCache.of(System.getenv()),
                        KernelSources.of(System.getenv()),
                        Progress.SILENT,
                        System.out)
                .run();
        assertThat(report.problems()).isEmpty();
        assertThat(report.checks()).allMatch(Check::ok);
        assertThat(report.checks().stream().map(Check::name))
                .containsExactly(
                        "foreign-abi-verified",
                        "refusals",
                        "leak",
                        "tags",
                        "owners",
                        "reload-A",
                        "reload-B",
                        "killed-A",
                        "killed-B",
                        "in-use",
                        "half-way",
                        "foreign-abi",
                        "away");
        assertThat(report.guards()).hasSize(Guard.values().length).allMatch(GuardOutcome::noticed);
        assertThat(report.passed()).isTrue();
        assertThat(directory.resolve(Soak.REPORT)).exists();
    }
}
