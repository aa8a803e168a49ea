package io.twinhype.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The figures that the report is made of. */
final class ComparisonTests {
    @Test
    void theMedianIsTheMiddleOneOrBetweenTheTwo() {
        assertThat(median(7.0)).isEqualTo(7.0);
        assertThat(median(9.0, 1.0, 2.0)).isEqualTo(2.0);
        assertThat(median(4.0, 1.0, 100.0, 2.0)).isEqualTo(3.0);
    }

    @Test
    void millisecondsAreToATenth() {
        assertThat(Milliseconds.of(Duration.ofNanos(34_250_001))).isEqualTo(34.3);
        assertThat(Milliseconds.rounded(0.04)).isZero();
    }

    private static double median(Double... values) {
        return Comparison.median(List.of(values), Double::doubleValue);
    }
}
