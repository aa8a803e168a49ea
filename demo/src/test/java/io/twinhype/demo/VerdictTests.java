package io.twinhype.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.demo.DemoReport.GuestRow;
import io.twinhype.demo.DemoReport.HypervisorRow;
import io.twinhype.demo.DemoReport.MigrationRow;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is wrong with an outcome is found, and nothing is found where nothing is wrong. */
final class VerdictTests {
    @Test
    void aGoodOutcomeHasNoProblem() {
        assertThat(Verdict.problems(Outcomes.good())).isEmpty();
    }

    static Stream<Arguments> damaged() {
        return Stream.of(
                Arguments.of(
                        guest(new GuestRow("vm1", false, 900, 900, 0, 0, 41.5, 9, 0, "executed", "trapped", 7, 7)),
                        "Guest vm1 did not answer at the end."),
                Arguments.of(
                        guest(new GuestRow("vm1", true, 900, 898, 2, 0, 41.5, 9, 0, "executed", "trapped", 7, 7)),
                        "Guest vm1: 2 beats lost, 0 doubled."),
                Arguments.of(
                        guest(new GuestRow("vm1", true, 900, 901, 0, 1, 41.5, 9, 0, "executed", "trapped", 7, 7)),
                        "Guest vm1: 0 beats lost, 1 doubled."),
                Arguments.of(
                        guest(new GuestRow("vm1", true, 900, 900, 0, 0, 41.5, 9, 3, "executed", "trapped", 7, 7)),
                        "Guest vm1 found 3 errors in its memory, disk, clock or heartbeat."),
                Arguments.of(
                        guest(new GuestRow("vm1", true, 900, 900, 0, 0, 41.5, 0, 0, "executed", "trapped", 7, 7)),
                        "Guest vm1 has checked nothing."),
                Arguments.of(
                        guest(new GuestRow("vm1", true, 900, 900, 0, 0, 41.5, 9, 0, "executed", "executed", 7, 7)),
                        "Guest vm1 does not see the fix under it: executed."),
                Arguments.of(
                        guest(new GuestRow("vm1", true, 900, 900, 0, 0, 41.5, 9, 0, "trapped", "trapped", 7, 7)),
                        "Guest vm1 saw the fix under it before it was there."),
                Arguments.of(
                        guest(new GuestRow("vm1", true, 900, 900, 0, 0, 41.5, 9, 0, "executed", "trapped", 7, 8)),
                        "Guest vm1: its VMM was process 7 and is now process 8, though it was grafted."),
                Arguments.of(
                        Outcomes.withFirstHypervisor(new HypervisorRow("A", "/dev/kvm", "1", "2", false, true, 3)),
                        "Hypervisor A still had 3 users when its VMs had left it."),
                Arguments.of(
                        Outcomes.withFirstHypervisor(new HypervisorRow("A", "/dev/kvm", "1", "2", true, true, 0)),
                        "Hypervisor A had the fix before it was patched."),
                Arguments.of(
                        Outcomes.withFirstHypervisor(new HypervisorRow("A", "/dev/kvm", "1", "1", false, false, 0)),
                        "Hypervisor A does not have the fix."),
                Arguments.of(
                        Outcomes.withFirstMigration(moved("handoff", 64, MigrationRow.COMPLETED)),
                        "While vm1 was moved to B, 64 bytes went over a network."),
                Arguments.of(
                        Outcomes.withFirstMigration(moved("handoff", 0, "QEMU died")),
                        "7 migrations completed, not 8."),
                Arguments.of(
                        Outcomes.of(
                                Outcomes.good().migrations(),
                                Outcomes.good().hypervisors(),
                                Outcomes.good().guests().subList(0, 3)),
                        "3 guests reported, not 4."),
                Arguments.of(
                        Outcomes.of(
                                Outcomes.good().migrations(),
                                List.of(Outcomes.PATCHED),
                                Outcomes.good().guests()),
                        "1 hypervisors reported, not 2."));
    }

    @ParameterizedTest
    @MethodSource("damaged")
    void whatIsWrongIsTheOnlyProblem(ExperimentOutcome outcome, String problem) {
        assertThat(Verdict.problems(outcome)).containsExactly(problem);
    }

    @Test
    void anotherProcessIsNoProblemIfOneVmmHandedOverToAnother() {
        ExperimentOutcome grafted = Outcomes.withFirstGuest(
                new GuestRow("vm1", true, 900, 900, 0, 0, 41.5, 9, 0, "executed", "trapped", 7, 8));
        List<MigrationRow> handedOver = Stream.generate(() -> moved("handoff", 0, MigrationRow.COMPLETED))
                .limit(8)
                .toList();
        assertThat(Verdict.problems(grafted)).hasSize(1);
        assertThat(Verdict.problems(Outcomes.of(handedOver, grafted.hypervisors(), grafted.guests())))
                .isEmpty();
    }

    @Test
    void anOutcomeOfNothingIsNoSuccess() {
        assertThat(Verdict.problems(Outcomes.of(List.of(), List.of(), List.of())))
                .containsExactly(
                        "0 guests reported, not 4.",
                        "0 hypervisors reported, not 2.",
                        "0 migrations completed, not 8.");
    }

    private static MigrationRow moved(String method, long networkBytes, String outcome) {
        return new MigrationRow("vm1", "A", "B", method, 41.5, 34, 311_736, networkBytes, outcome, Optional.empty());
    }

    private static ExperimentOutcome guest(GuestRow row) {
        return Outcomes.withFirstGuest(row);
    }
}
