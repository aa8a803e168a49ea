package io.twinhype.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinhype.bench.ExitReport.Cost;
import io.twinhype.bench.ExitReport.LibraryRow;
import io.twinhype.bench.ExitReport.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ExitLinesTests {
    private static final String TWO_ROUNDS = """
            round 1 stock
            clock 2.000
            cpuid 100.0
            cpuid 104.0
            round 1 A
            clock 2.002
            cpuid 103.0
            round 1 AB
            clock 2.000
            cpuid 110.0
            round 2 stock
            clock 2.000
            cpuid 101.0
            round 2 A
            cpuid 105.0
            round 2 AB
            cpuid 90.0
            """;

    @Test
    void comparesTheMediansOfAllRounds() throws BenchException {
        ExitLines lines = ExitLines.of(TWO_ROUNDS);
        assertThat(lines.ticksPerInstruction()).isEqualTo(1.0);
        assertThat(lines.rows())
                .containsExactly(new Row(
                        "cpuid", new Cost(101, 100, 104, 3), new Cost(104, 103, 105, 2), new Cost(100, 90, 110, 2)));
        Row row = lines.rows().getFirst();
        assertThat(row.ratioAlone()).isEqualTo(104.0 / 101);
        assertThat(row.ratioBoth()).isEqualTo(100.0 / 101);
        assertThat(row.withinPromise()).isTrue();
    }

    @Test
    void theLibraryIsComparedIfItWasMeasured() throws BenchException {
        assertThat(ExitLines.of(TWO_ROUNDS).libraryRows()).isEmpty();

        ExitLines lines = ExitLines.of("round 1 plain\nport 200.0\nround 1 preloaded\nport 202.0\nport 204.0\n");

        assertThat(lines.libraryRows())
                .containsExactly(new LibraryRow("port", new Cost(200, 200, 200, 1), new Cost(203, 202, 204, 2)));
        assertThat(lines.libraryRows().getFirst().ratio()).isEqualTo(1.015);
    }

    @Test
    void moreThanThePromiseIsNotWithinIt() {
        Cost stock = new Cost(100, 100, 100, 1);
        Cost more = new Cost(103.1, 103.1, 103.1, 1);
        assertThat(new Row("cpuid", stock, stock, more).withinPromise()).isFalse();
        assertThat(new Row("cpuid", stock, more, stock).withinPromise()).isFalse();
    }

    @Test
    void aConfigurationWithoutAMeasurementIsMissed() throws BenchException {
        ExitLines lines = ExitLines.of("round 1 stock\ncpuid 1.0\nround 1 A\ncpuid 1.0\n");
        assertThatThrownBy(lines::rows).isInstanceOf(BenchException.class).hasMessageContaining("\"cpuid\" on AB");
        assertThatThrownBy(lines::ticksPerInstruction)
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("measured nothing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpuid 1.0", "round 1 stock\ncpuid many", "round 1 stock\nSegmentation fault in it"})
    void whatIsNoMeasurementIsShown(String text) {
        assertThatThrownBy(() -> ExitLines.of(text))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining(text.lines().toList().getLast());
    }
}
