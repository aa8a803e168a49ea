package io.twinhype.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.demo.DemoReport;
import io.twinhype.demo.DemoReport.ComparisonRow;
import io.twinhype.demo.DemoReport.GraftParts;
import io.twinhype.demo.DemoReport.GuestRow;
import io.twinhype.demo.DemoReport.HypervisorRow;
import io.twinhype.demo.DemoReport.MigrationRow;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The report as a person reads it. */
final class DemoTablesTests {
    @Test
    void numbersStandBelowEachOtherToTheRightAndWordsToTheLeft() {
        String table = new Table("VM", "PAUSE ms", "OUTCOME")
                .row("vm1", 1553.2, "completed")
                .row("a-longer-name", 41.5, "no")
                .toString();
        assertThat(table).isEqualTo("""
                          VM             PAUSE ms  OUTCOME
                          vm1              1553.2  completed
                          a-longer-name      41.5  no
                        """);
    }

    @Test
    void aColumnWithAWordInItIsAColumnOfWords() {
        assertThat(new Table("X", "Y").row("5", 1).row("five", 22).toString().lines())
                .containsExactly("  X      Y", "  5      1", "  five  22");
    }

    @Test
    void aSuccessSaysWhatWasDone() {
        String text = DemoTables.of(report(List.of(), List.of()));
        assertThat(text)
                .contains(
                        "  vm1  A     B   handoff      41.5                34        311736              0  completed\n")
                .contains("  A     /dev/kvm  0123456789ab  no       fedcba987654  yes               0\n")
                .contains(
                        "  vm1         900       900     0        0            41.5       9       0  executed        trapped        4711   4711\n")
                .contains("A fix")
                .endsWith(
                        "Both hypervisors were patched under four running VMs, in 182 s: no heartbeat was lost or doubled,"
                                + " the longest pause of a migration was 42 ms.\n")
                .doesNotContain("PROBLEM", "TCP", "did not succeed");
    }

    @Test
    void aFailureSaysWhyOnALineOfItsOwn() {
        String text = DemoTables.of(report(List.of("Guest vm1: 2 beats lost, 0 doubled.", "And more."), List.of()));
        assertThat(text).endsWith("""

                        PROBLEM: Guest vm1: 2 beats lost, 0 doubled.
                        PROBLEM: And more.
                        The experiment did not succeed, after 182 s.
                        """).doesNotContain("were patched under");
    }

    @Test
    void aComparisonIsShownIfThereIsOne() {
        String text = DemoTables.of(report(
                List.of(), List.of(new ComparisonRow("tcp", 256, 7, 80.5, 99.5, 2000.5, 300_000_000, 600_000_000))));
        assertThat(text).contains("over TCP").contains("256  tcp        7             80.5    99.5");
    }

    @Test
    void thePartsOfAGraftAreShownWhereThereAreAny() {
        assertThat(DemoTables.of(report(List.of(), List.of()))).doesNotContain("TEARDOWN");
        GraftParts parts = new GraftParts(48.2, 3.926, 0.518, 0.267, 0.603, 0.913, 0.035, 0.94, 0.08, 12.5);
        assertThat(DemoTables.of(report(List.of(), List.of(), Optional.of(parts))))
                .contains("""
                          VM   FROM  TO  PREPARE   PARK  DETACH   READ  WRITE  ATTACH  SWITCH  RELEASE  IN ALL  TEARDOWN
                          vm1  A     B      48.2  0.518   0.267  0.603  0.913   0.035    0.94     0.08   3.926      12.5
                        """);
    }

    private static DemoReport report(List<String> problems, List<ComparisonRow> comparisons) {
        return report(problems, comparisons, Optional.empty());
    }

    private static DemoReport report(
            List<String> problems, List<ComparisonRow> comparisons, Optional<GraftParts> graft) {
        return new DemoReport(
                problems.isEmpty(),
                problems,
                "A fix",
                List.of(new MigrationRow(
                        "vm1", "A", "B", "handoff", 41.5, 34, 311_736, 0, MigrationRow.COMPLETED, graft)),
                List.of(new HypervisorRow("A", "/dev/kvm", "0123456789abcdef", "fedcba9876543210", false, true, 0)),
                List.of(new GuestRow("vm1", true, 900, 900, 0, 0, 41.5, 9, 0, "executed", "trapped", 4711, 4711)),
                List.of(),
                comparisons,
                List.of(),
                182.4,
                Map.of());
    }
}
