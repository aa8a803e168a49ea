package io.twinhype.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GraftDocumentTests {
    @TempDir
    private Path documents;

    private static GraftReport report(String... problems) {
        return new GraftReport(
                List.of(),
                List.of(new GraftOutcome(
                        "pc-1",
                        "7.2",
                        20,
                        0,
                        3,
                        List.of(problems),
                        Map.of("pause_median_ms", 6.96, "beats", 1847.0),
                        49.5)),
                Map.of("pc-1-qemu10", "no Debian 13 was named"),
                "twinhype soak graft",
                Map.of("kernel", "6.1.0-1-amd64"),
                60.2);
    }

    @Test
    void thePageInTheTreeIsWhatTheReportBesideItSays() throws Exception {
        Path docs = Path.of("..", "docs");
        assertThat(docs.resolve("soak-graft.md")).content().isEqualTo(GraftDocument.of(docs));
    }

    @Test
    void tellsWhatWasDoneAndWhatWasNot() throws Exception {
        Path page = GraftDocument.record(report(), documents);

        assertThat(page)
                .isEqualTo(documents.resolve("soak-graft.md"))
                .content()
                .containsSubsequence(
                        "| command | `twinhype soak graft` |",
                        "| outcome | passed |",
                        "| pc-1 | 7.2 | ok | 20 | 0 | 3 | 7.0 |",
                        "| pc-1-qemu10 |  | not done: no Debian 13 was named |",
                        "| pc-1 | beats 1847, pause_median_ms 7.0 |");
        assertThat(GraftDocument.of(documents)).isEqualTo(Files.readString(page));
    }

    @Test
    void problemsAreTold() {
        GraftReport failed = report("The guest | is silent.");

        assertThat(failed.passed()).isFalse();
        assertThat(GraftDocument.text(failed))
                .contains("| outcome | FAILED |", "- Case pc-1: The guest | is silent.", "| pc-1 | 7.2 | FAILED |");
    }

    @Test
    void aSoakWithoutACaseHasNotPassed() {
        assertThat(new GraftReport(List.of(), List.of(), Map.of(), "", Map.of(), 1).passed())
                .isFalse();
    }

    @Test
    void aFileThatIsNoReportIsNamed() throws Exception {
        Path broken = Files.createDirectories(documents.resolve("soak")).resolve("graft.json");
        Files.writeString(broken, "{");

        assertThatThrownBy(() -> GraftDocument.of(documents))
                .isInstanceOf(SoakException.class)
                .hasMessageContaining(broken.toString())
                .hasMessageContaining("twinhype soak graft");
    }
}
