package io.twinhype.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.twin.KernelSources;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The short form of {@code twinhype soak graft}. */
@Tag("lab")
final class GraftSoakLabTests {
    /** Kept, so that the logs can be read after a failure. */
    private static final Path OUT = Path.of("target", "soak-graft");

    @Test
    void aGraftedGuestLosesNothingAndAFaultLeavesItWhereItWas() throws Exception {
        GraftReport report = new GraftSoak(
                        new GraftOptions("6.1", GraftOptions.QUICK_ROW, true, List.of(), Optional.empty(), OUT),
                        TwinCache.of(System.getenv()),
                        KernelSources.of(System.getenv()),
                        Progress.SILENT,
                        System.out)
                .run();

        assertThat(report.allProblems()).isEmpty();
        assertThat(report.outcomes()).extracting(GraftOutcome::name).containsExactly("commands", "libvirt", "faults");
        for (GraftOutcome each : report.outcomes()) {
            assertThat(each.grafts()).as(each.name()).isPositive();
            assertThat(each.figures())
                    .as(each.name())
                    .hasEntrySatisfying(
                            "log_records", records -> assertThat(records).isPositive())
                    .hasEntrySatisfying(
                            "register_rounds", rounds -> assertThat(rounds).isPositive());
        }
        assertThat(outcome(report, "libvirt").figures())
                .hasEntrySatisfying(
                        "stream_records", records -> assertThat(records).isPositive())
                .hasEntrySatisfying("reloads", reloads -> assertThat(reloads)
                        .isEqualTo(outcome(report, "libvirt").grafts()));
        GraftOutcome faults = outcome(report, "faults");
        assertThat(faults.figures()).hasEntrySatisfying("steps", steps -> assertThat(faults.faults())
                .as("every step failed, both ways")
                .isEqualTo(2 * steps.intValue())
                .isPositive());
    }

    private static GraftOutcome outcome(GraftReport report, String name) {
        return report.outcomes().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
