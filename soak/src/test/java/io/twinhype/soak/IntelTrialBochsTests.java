package io.twinhype.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.twin.KernelSources;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Base, A and B on an emulated Intel processor; the full size is `twinhype soak intel`. */
@Tag("bochs")
final class IntelTrialBochsTests {
    /** Kept, so that the lab's console can be read after a failure. */
    private static final Path OUT = Path.of("target", "intel");

    @Test
    void hypervisorsWorkBesideEachOther() throws Exception {
        IntelReport report = trial().run(List.of(IntelSize.QUICK), List.of(), "test");
        assertThat(report.problems()).isEmpty();
        assertThat(report.boots()).singleElement().satisfies(boot -> {
            assertThat(boot.checks()).extracting(Check::name).isEqualTo(IntelSize.QUICK.steps());
            Map<String, String> figures = figures(boot, "one_cpu");
            assertThat(Long.parseLong(figures.get("fewest_rounds"))).isGreaterThan(100);
            assertThat(figures(boot, "reload_a")).containsEntry("reloads", String.valueOf(IntelSize.QUICK.reloads()));
            assertThat(figures(boot, "reload_b")).containsEntry("reloads", String.valueOf(IntelSize.QUICK.reloads()));
        });
    }

    @Test
    void itIsNoticedThatTheCurrentVmcsIsNotShared() throws Exception {
        GuardOutcome outcome = trial().without(IntelGuard.CURRENT_VMCS);
        assertThat(outcome.noticed()).as(outcome.sentence()).isTrue();
    }

    private static IntelTrial trial() throws Exception {
        return IntelTrial.on(
                "6.1",
                TwinCache.of(System.getenv()),
                KernelSources.of(System.getenv()),
                Progress.SILENT,
                OUT,
                System.out);
    }

    private static Map<String, String> figures(IntelBoot boot, String step) {
        return boot.checks().stream()
                .filter(check -> check.name().equals(step))
                .findFirst()
                .orElseThrow()
                .figures();
    }
}
