package io.twinhype.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinhype.bench.MigrateOutcome.Move;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;
import tools.jackson.databind.json.JsonMapper;

final class MigrateReportTests {
    private static final MigrateGuest SMALL = new MigrateGuest(256, 1, 0);
    private static final MigrateGuest LARGE = new MigrateGuest(4096, 1, 0);
    private static final Map<String, String> ENVIRONMENT = Map.of("finished", "2026-11-23T00:00:00Z");

    @TempDir
    private Path directory;

    @Test
    void guestsOfAStarDifferFromTheFirstInOneThingEach() {
        assertThat(MigrateGuest.star(List.of(256, 1024), List.of(1, 2), List.of(0, 64)))
                .containsExactly(
                        SMALL, new MigrateGuest(1024, 1, 0), new MigrateGuest(256, 2, 0), new MigrateGuest(256, 1, 64));
        assertThat(MigrateGuest.all(List.of(256, 1024), List.of(1, 2), List.of(0, 64)))
                .hasSize(8)
                .doesNotHaveDuplicates();
    }

    @Test
    void aGuestThatCouldNotBootIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MigrateGuest(128, 1, 64))
                .withMessageContaining("96 MiB besides what is written");
    }

    @Test
    void methodsThatSendAllMemoryHaveTheirFewerTurnsSpread() {
        MigratePart part = new MigratePart(SMALL, 3);
        MigratePlan plan = new MigratePlan(Path.of("k"), Path.of("i"), Path.of("l"), List.of(part), 10, 5000);

        assertThat(IntStream.range(0, 10).filter(run -> plan.hasTurn(part, MigrateMethod.TCP, run)))
                .containsExactly(3, 6, 9);
        assertThat(IntStream.range(0, 10).filter(run -> plan.hasTurn(part, MigrateMethod.GRAFT, run)))
                .hasSize(10);
    }

    @Test
    void ninetyNineOfAHundredAreNotAboveP99() {
        List<Double> figures =
                IntStream.rangeClosed(1, 100).mapToObj(i -> (double) i).toList();

        assertThat(MigrateSpread.of(figures)).isEqualTo(new MigrateSpread(100, 50.5, 99, 100));
        assertThat(MigrateSpread.of(List.of(3.0, 1.0, 2.0))).isEqualTo(new MigrateSpread(3, 2, 3, 3));
        assertThat(MigrateSpread.of(List.of())).isEqualTo(new MigrateSpread(0, 0, 0, 0));
    }

    @Test
    void goalsAreReachedByWhatIsFastAndDoesNotGrow() {
        MigrateReport report = report(10, 10, 100);

        assertThat(report.goals()).hasSize(5).allMatch(MigrateGoal::reached);
        assertThat(report.good()).isTrue();
    }

    @Test
    void goalsAreMissedByWhatIsSlowOrGrows() {
        assertThat(report(30, 30, 100).goals())
                .filteredOn(goal -> !goal.reached())
                .extracting(MigrateGoal::measured)
                .contains("31.5 ms to 100.0 ms: 0.32");
        assertThat(report(10, 20, 100).goals())
                .filteredOn(goal -> goal.goal().startsWith("no slope"))
                .singleElement()
                .satisfies(goal -> {
                    assertThat(goal.reached()).isFalse();
                    assertThat(goal.measured()).startsWith("2.67 ms per GiB");
                });
        assertThat(report(10, 20, 100).good()).isFalse();
    }

    @Test
    void whatWasNotMovedIsNoFigure() {
        Move failed = new Move(SMALL, MigrateMethod.TCP, 0, 0, 0, 0, Map.of(), "it did not converge");
        MigrateReport report = MigrateReport.of(
                new MigrateOutcome(
                        List.of(move(SMALL, MigrateMethod.GRAFT, 10), failed), List.of(), Map.of("qemu", "7.2")),
                List.of("The machine was lost."),
                List.of(),
                ENVIRONMENT);

        assertThat(report.problems()).containsExactly("The machine was lost.");
        assertThat(report.goals()).isEmpty();
        assertThat(report.rows().getLast().failures()).containsExactly("it did not converge");
        assertThat(MigratePage.text(List.of(new MigrateRecord("./twinhype bench migrate", report))))
                .contains("| 256 MiB, 1 vCPU, idle | tcp | 0 | – |", "tcp: it did not converge");
    }

    @Test
    void nothingMeasuredIsAProblem() {
        MigrateReport report =
                MigrateReport.of(new MigrateOutcome(List.of(), List.of(), Map.of()), List.of(), List.of(), ENVIRONMENT);

        assertThat(report.good()).isFalse();
        assertThat(MigratePlot.svg(report.rows())).contains("Nothing was measured");
    }

    @Test
    void thePageHasItsFiguresItsCommandAndAPlotThatIsXml() throws Exception {
        Path page = MigratePage.write(report(10, 10, 100), "./twinhype bench migrate --runs 20", directory);

        assertThat(page)
                .content()
                .contains(
                        "`./twinhype bench migrate --runs 20`, finished 2026-11-23T00:00:00Z",
                        "| 4096 MiB, 1 vCPU, idle | handoff | 20 | 100.0 | 100.0 | 100.0 |",
                        "| guest | pause |",
                        "| reached |");
        String svg = Files.readString(directory.resolve("migrate.svg"));
        assertThat(DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new InputSource(new StringReader(svg)))
                        .getElementsByTagName("polyline")
                        .getLength())
                .isEqualTo(3);
        assertThat(directory.resolve("migrate.json")).content().contains("\"memoryMebibytes\" : 4096");
    }

    @Test
    void whatIsMeasuredAgainReplacesItselfAndNothingElse() throws Exception {
        MigrateGuest other = new MigrateGuest(256, 4, 0);
        MigrateReport more = MigrateReport.of(
                new MigrateOutcome(
                        List.of(move(LARGE, MigrateMethod.GRAFT, 77), move(other, MigrateMethod.GRAFT, 88)),
                        List.of(),
                        Map.of()),
                List.of(),
                List.of(),
                ENVIRONMENT);

        MigratePage.write(report(10, 10, 100), "the first", directory);
        Path page = MigratePage.write(more, "the second", directory);

        assertThat(page)
                .content()
                .contains(
                        "- `the first`, finished 2026-11-23T00:00:00Z: 256 MiB, 1 vCPU, idle. Kernel",
                        "- `the second`, finished 2026-11-23T00:00:00Z: 4096 MiB, 1 vCPU, idle; 256 MiB, 4 vCPUs, idle. Kernel",
                        "| 256 MiB, 1 vCPU, idle | handoff | 20 |",
                        "| 4096 MiB, 1 vCPU, idle | graft | 1 | 77.0 |",
                        "| 256 MiB, 4 vCPUs, idle | graft | 1 | 88.0 |",
                        "| 256 MiB, 1 vCPU, idle: median pause by graft")
                .doesNotContain("| 4096 MiB, 1 vCPU, idle | handoff |", "4096 MiB, 1 vCPU, idle: median", "no slope");
    }

    @Test
    void aFileOfSomethingElseIsLeftAlone() throws Exception {
        Path file = Files.writeString(directory.resolve("migrate.json"), "{}");

        assertThatThrownBy(() -> MigratePage.write(report(10, 10, 100), "a command", directory))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("migrate.json is not what `twinhype bench migrate` keeps");
        assertThat(file).hasContent("{}");
    }

    @Test
    void theOutcomeComesBackAsItWentOut() {
        MigrateOutcome outcome = new MigrateOutcome(
                List.of(move(SMALL, MigrateMethod.GRAFT, 10)), List.of("a problem"), Map.of("qemu", "7.2"));
        JsonMapper json = JsonMapper.builder().build();

        assertThat(json.readValue(json.writeValueAsString(outcome), MigrateOutcome.class))
                .isEqualTo(outcome);
    }

    /** 20 moves by each of three methods: grafts of these medians or so for the small and the large guest. */
    private static MigrateReport report(double small, double large, double handoff) {
        List<Move> moves = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            moves.add(move(SMALL, MigrateMethod.GRAFT, small + i % 4));
            moves.add(move(SMALL, MigrateMethod.HANDOFF, handoff));
            moves.add(move(SMALL, MigrateMethod.TCP, 5 * handoff));
            moves.add(move(LARGE, MigrateMethod.GRAFT, large + i % 4));
            moves.add(move(LARGE, MigrateMethod.HANDOFF, handoff));
            moves.add(move(LARGE, MigrateMethod.TCP, 5 * handoff));
        }
        return MigrateReport.of(new MigrateOutcome(moves, List.of(), Map.of()), List.of(), List.of(), ENVIRONMENT);
    }

    private static Move move(MigrateGuest guest, MigrateMethod method, double pause) {
        Map<String, Double> parts = method == MigrateMethod.GRAFT ? Map.of(MigrateReport.PAUSE, pause) : Map.of();
        return new Move(guest, method, pause, 3 * pause, 2 * pause, 0, parts, "");
    }
}
