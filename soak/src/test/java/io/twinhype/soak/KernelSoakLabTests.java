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

/** Base, A and B on an emulated AMD processor; the full size, with every guard, is `twinhype soak kernel`. */
@Tag("lab")
final class KernelSoakLabTests {
    /** One whose absence the guests notice, and one whose absence only the values tell. */
    private static final List<Guard> GUARDS = List.of(Guard.USER_RETURN_MSRS, Guard.ASID_RANGES);

    /** Kept, so that the labs' consoles can be read after a failure. */
    private static final Path OUT = Path.of("target", "soak");

    @Test
    void neitherLosesAnythingToTheOtherAndAMissingGuardIsNoticed() throws Exception {
        SoakReport report = new Soak(
                        new SoakOptions("6.1", SoakSize.QUICK, OUT, List.of(), GUARDS),
                        TwinCache.of(System.getenv()),
                        KernelSources.of(System.getenv()),
                        Progress.SILENT,
                        System.out)
                .run();
        assertThat(report.problems()).isEmpty();
        assertThat(report.checks()).allSatisfy(check -> assertThat(check.ok())
                .as(check.name() + ": " + check.sentence())
                .isTrue());
        assertThat(report.checks())
                .extracting(Check::name)
                .contains(
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
                        "foreign-abi");
        assertThat(figures(report, "reload-A")).containsEntry("reloads", String.valueOf(SoakSize.QUICK.reloads()));
        assertThat(figures(report, "reload-B")).containsEntry("reloads", String.valueOf(SoakSize.QUICK.reloads()));
        assertThat(Long.parseLong(figures(report, "leak").get("rounds"))).isGreaterThan(100);
        assertThat(report.guards()).hasSameSizeAs(GUARDS).allSatisfy(guard -> assertThat(guard.noticed())
                .as(guard.guard() + ": " + guard.sentence())
                .isTrue());
    }

    private static Map<String, String> figures(SoakReport report, String name) {
        return report.checks().stream()
                .filter(check -> check.name().equals(name))
                .findFirst()
                .orElseThrow()
                .figures();
    }
}
