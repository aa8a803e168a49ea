package io.twinhype.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SoakDocumentTests {
    @TempDir
    private Path documents;

    private static SoakReport report(String series, boolean passed) {
        return new SoakReport(
                passed,
                passed ? List.of() : List.of("Lab together, leak: lost"),
                SoakSize.QUICK,
                List.of(new Check("leak", passed, "a | b", Map.of("rounds", "7"), List.of())),
                List.of(new GuardOutcome("asid-ranges", "B", "tags", true, "they met")),
                Map.of("series", series, "kernel", series + ".0-1-amd64"),
                12.4);
    }

    @Test
    void thePageInTheTreeIsWhatTheReportsBesideItSay() throws Exception {
        Path docs = Path.of("..", "docs");
        assertThat(docs.resolve("soak.md")).content().isEqualTo(SoakDocument.of(docs));
    }

    @Test
    void tellsOfEverySeriesThatWasRecorded() throws Exception {
        SoakDocument.record(report("6.1", true), documents);
        Path page = SoakDocument.record(report("6.12", false), documents);
        assertThat(page).isEqualTo(documents.resolve("soak.md"));
        assertThat(page)
                .content()
                .containsSubsequence(
                        "## Kernel 6.1\n",
                        "| outcome | passed |",
                        "| leak | ok | a \\| b |",
                        "| leak | rounds 7 |",
                        "| asid-ranges | B | tags | yes | they met |",
                        "## Kernel 6.12\n",
                        "| outcome | FAILED |",
                        "- Lab together, leak: lost");
        SoakDocument.record(report("6.12", true), documents);
        assertThat(page).content().doesNotContain("FAILED");
    }

    @Test
    void aFileThatIsNoReportIsNamed() throws Exception {
        SoakDocument.record(report("6.1", true), documents);
        Path broken = Files.writeString(documents.resolve("soak/6.0.json"), "{");
        assertThatThrownBy(() -> SoakDocument.record(report("6.1", true), documents))
                .isInstanceOf(SoakException.class)
                .hasMessageContaining(broken.toString())
                .hasMessageContaining("is not the report of a soak");
    }
}
