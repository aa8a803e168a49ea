package io.twinhype.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IntelDocumentTests {
    private static final IntelSize SIZE = new IntelSize(1, 10, 3, 100);

    @TempDir
    private Path directory;

    @Test
    void tellsWhatWasDoneAndFound() throws Exception {
        Path documents = directory.resolve("docs");
        IntelDocument.record(report(false, "", true), documents);
        Path page = IntelDocument.record(report(true, "", true), documents);
        assertThat(page)
                .content()
                .contains("## Kernel 6.1.0")
                .contains("| command | twinhype soak intel |")
                .contains("| outcome | passed |")
                .doesNotContain("FAILED")
                .contains("3 reloads of each hypervisor, 10 s of each leak test; in all 42 s.")
                .contains("| one_cpu | ok | 5 checks held | rounds 7 |")
                .contains("| current-vmcs | base | one_cpu | yes | it fell over |");
    }

    @Test
    void anotherSeriesStays() throws Exception {
        IntelDocument.record(report(true, "", true), directory);
        IntelReport old = report(true, "", true);
        Map<String, String> newer =
                Map.of("kernel", "6.12.117", "series", "6.12", "command", "twinhype soak intel --kernel 6.12");
        Path page = IntelDocument.record(new IntelReport(old.boots(), old.sizes(), old.guards(), newer, 60), directory);
        assertThat(page).content().containsSubsequence("## Kernel 6.1.0", "## Kernel 6.12.117", "--kernel 6.12 |");
    }

    @Test
    void thePageOfThisRepositoryIsMadeOfItsReports() throws Exception {
        Path documents = Path.of("..", "docs");
        assertThat(documents.resolve("soak-intel.md")).hasContent(IntelDocument.of(documents.resolve("soak-intel")));
    }

    @Test
    void whateverIsWrongIsAProblem() {
        assertThat(report(true, "", true).problems()).isEmpty();
        assertThat(report(false, "", true).problems()).containsExactly("one-cpu, one_cpu: 5 checks held");
        assertThat(report(true, "the kernel panicked", true).problems())
                .containsExactly("one-cpu, the kernel panicked");
        assertThat(report(true, "", false).problems()).containsExactly("without current-vmcs: it fell over");
        assertThat(IntelDocument.text(List.of(report(false, "", true))))
                .contains("| outcome | FAILED |")
                .contains("- one-cpu, one_cpu: 5 checks held");
    }

    @Test
    void thatTimeRanOutIsAProblemButNoticesNothing() {
        IntelBoot late = report(true, "The lab was ended after 100 s, its time limit.", true)
                .boots()
                .getFirst();
        assertThat(late.problems()).isNotEmpty();
        assertThat(late.noticed()).isFalse();
        assertThat(report(false, "", true).boots().getFirst().noticed()).isTrue();
    }

    private static IntelReport report(boolean ok, String end, boolean noticed) {
        Check check = new Check("one_cpu", ok, "5 checks held", Map.of("rounds", "7"), List.of());
        return new IntelReport(
                List.of(new IntelBoot("one-cpu", 1, List.of(check), List.of(), end, 42.2)),
                List.of(SIZE),
                List.of(new GuardOutcome("current-vmcs", "base", "one_cpu", noticed, "it fell over")),
                Map.of("kernel", "6.1.0", "series", "6.1", "command", "twinhype soak intel"),
                50);
    }
}
