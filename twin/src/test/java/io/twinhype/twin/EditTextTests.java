package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What edits read out of texts: code, nearest places, series. */
final class EditTextTests {
    @Test
    void codeIsWhatIsNeitherCommentNorString() {
        String code = CText.code("""
                int a; /* gone( "
                gone */ f("gone // \\" still", 'x'); // gone '
                int gone_too, kept;
                #define M "gone"
                """);
        assertThat(code).doesNotContain("gone ", "\"", "'").contains("int a;", "f(", "gone_too, kept");
        assertThat(CText.lineOf("kept", code)).contains(3);
        assertThat(CText.lineOf("gone", code)).isEmpty();
    }

    @Test
    void theNearestPlaceIsTheLineWithTheRarestWords() {
        String text = """
                int enable(void)
                {
                	wrmsr(MSR_EFER, efer);
                	wrmsr(MSR_EFER, other);
                	wrmsr(MSR_EFER, third);
                	put_host(efer);
                }
                """;
        assertThat(NearestCode.in(text, """
                        @@
                        identifier efer;
                        @@
                        - wrmsr(MSR_EFER, efer);
                        - put_host(save_area);
                        + twinhype_put();
                        """))
                .isEqualTo("the nearest place is line 6, \"put_host(efer);\"; nowhere in the file is save_area");
        assertThat(NearestCode.in(text, "@@\n@@\n- vmclear();\n")).isEqualTo("no word of it is in the file");
    }

    @Test
    void seriesAreOrderedByTheirNumbers() {
        List<String> known = List.of("6.12", "6.1");
        assertThat(SeriesOrder.nearest(known, "5.10")).contains("6.1");
        assertThat(SeriesOrder.nearest(known, "6.2")).contains("6.1");
        assertThat(SeriesOrder.nearest(known, "6.12")).contains("6.12");
        assertThat(SeriesOrder.nearest(known, "7.0")).contains("6.12");
        assertThat(SeriesOrder.isSeries("6.1.192")).isFalse();
    }
}
