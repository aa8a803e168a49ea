package io.twinhype.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinhype.bench.SelftestOutcome.Verdict;
import io.twinhype.bench.SelftestReport.Row;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SelftestReportTests {
    private static final SelftestOutcome PASS = new SelftestOutcome(Verdict.PASS, "", 1, List.of());
    private static final SelftestOutcome SKIP = new SelftestOutcome(Verdict.SKIP, "needs more", 1, List.of());
    private static final SelftestOutcome WARNED = new SelftestOutcome(Verdict.PASS, "", 1, List.of("WARNING: CPU: 0"));

    @TempDir
    private Path directory;

    @Test
    void whatDiffersOnOneIsDifferent() {
        assertThat(new Row("t", "", PASS, PASS, PASS).same()).isTrue();
        assertThat(new Row("t", "", SKIP, SKIP, SKIP).same()).isTrue();
        assertThat(new Row("t", "", PASS, SKIP, PASS).same()).isFalse();
        assertThat(new Row("t", "", PASS, PASS, SKIP).same()).isFalse();
        assertThat(new Row("t", "", PASS, PASS, WARNED).same())
                .as("a complaint on B alone")
                .isFalse();
        assertThat(new Row("t", "", WARNED, WARNED, PASS).same())
                .as("stock complains, too")
                .isTrue();
    }

    @Test
    void thePageShowsWhatDiffersAndWhy() {
        assertThat(SelftestPage.of(List.of(report("6.1.192-2"))))
                .contains("## Kernel 6.1.192-2")
                .contains("3 tests: 1 pass on all three, 1 skip")
                .contains("| two `-b 1M` | pass 1.0 s | skip | pass 1.0 s | needs more |")
                .contains("| one | pass 1.0 s | pass 1.0 s | pass 1.0 s |")
                .contains("| three | skip | skip | skip | needs more |")
                .containsSubsequence("### Different at first", "| three | pass 1.0 s | skip | skip | needs more |")
                .contains("### Not compiled\n\nfour");
    }

    @Test
    void aReportTakesThePlaceOfTheOneOfItsSeries() throws Exception {
        SelftestDocument.record(report("6.1.191-1"), directory);
        SelftestDocument.record(report("6.12.117-1"), directory);
        Path page = SelftestDocument.record(report("6.1.192-2"), directory);
        assertThat(page)
                .content()
                .containsSubsequence(
                        "## Kernel 6.1.192-2",
                        "selftests --kernel 6.1 ",
                        "## Kernel 6.12.117-1",
                        "## Not run in the lab")
                .doesNotContain("6.1.191-1");
    }

    @Test
    void thePageOfThisRepositoryIsMadeOfItsReports() throws Exception {
        Path documents = Path.of("..", "docs");
        assertThat(documents.resolve("selftests.md")).hasContent(SelftestDocument.of(documents.resolve("selftests")));
    }

    private static SelftestReport report(String kernel) {
        return new SelftestReport(
                false,
                List.of(
                        new Row("one", "", PASS, PASS, PASS),
                        new Row("two", "-b 1M", PASS, SKIP, PASS),
                        new Row("three", "", SKIP, SKIP, SKIP)),
                List.of(new Row("three", "", PASS, SKIP, SKIP)),
                List.of("four"),
                Map.of("kernelPackage", kernel));
    }

    @Test
    void testsAreChosenByName() throws Exception {
        List<String> names = List.of("memslot_perf_test", "rseq_test", "x86_64/smm_test");
        assertThat(SelftestBench.chosen(names, List.of())).containsExactly("rseq_test", "x86_64/smm_test");
        assertThat(SelftestBench.chosen(names, List.of("smm_test", "memslot_perf_test")))
                .containsExactly("x86_64/smm_test", "memslot_perf_test");
        assertThatThrownBy(() -> SelftestBench.chosen(names, List.of("smm")))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("no KVM selftest smm");
    }

    @Test
    void aTestTheLabDidNotSurviveIsACrash() throws Exception {
        Path results = directory.resolve("results");
        Files.writeString(results, "begin one\nend one 0 1500\nbegin two\n");
        Files.writeString(directory.resolve("console.log"), """
                [1] WARNING: before any test
                [1] twinhype-selftest: one
                [1] WARNING: CPU: 0 PID: 1
                [2] twinhype-selftest: two
                [3] Kernel panic - not syncing
                """);
        List<String> complaints = List.of("[1] WARNING: CPU: 0 PID: 1", "[3] Kernel panic - not syncing");
        Map<String, SelftestOutcome> outcomes = new SelftestLines(
                        directory,
                        SelftestLines.byTest(directory.resolve("console.log"), complaints),
                        "The lab is gone.")
                .outcomes(results);
        assertThat(outcomes.get("one"))
                .isEqualTo(new SelftestOutcome(Verdict.PASS, "", 1.5, List.of("[1] WARNING: CPU: 0 PID: 1")));
        assertThat(outcomes.get("two"))
                .isEqualTo(new SelftestOutcome(
                        Verdict.CRASH, "The lab is gone.", 0, List.of("[3] Kernel panic - not syncing")));
    }
}
