package io.twinhype.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class CheckLinesTests {
    @Test
    void figuresAndDetailsBelongToTheResultThatFollows() {
        assertThat(CheckLines.parse(List.of(
                        "took refusals 1",
                        "figure leak rounds 5122",
                        "figure other rounds 1",
                        "detail leak mismatch guest 0 round 3 MSR c0000081",
                        "result leak FAILED 3 times a guest did not find what belongs to it",
                        "result away ok A, B and the base were unloaded")))
                .containsExactly(
                        new Check(
                                "leak",
                                false,
                                "3 times a guest did not find what belongs to it",
                                Map.of("rounds", "5122"),
                                List.of("mismatch guest 0 round 3 MSR c0000081")),
                        Check.of("away", true, "A, B and the base were unloaded"));
    }

    @Test
    void otherLinesDoNotMatter() {
        assertThat(CheckLines.parse(List.of("", "sh: out of memory", "result", "result leak", "figure leak")))
                .isEmpty();
    }

    @Test
    void onlyOkIsOk() {
        assertThat(CheckLines.parse(List.of("result leak okay something")))
                .singleElement()
                .matches(check -> !check.ok());
    }
}
