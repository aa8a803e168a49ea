package io.twinhype.demo;

import io.twinhype.demo.DemoReport.GraftParts;
import io.twinhype.demo.DemoReport.GuestRow;
import io.twinhype.demo.DemoReport.HypervisorRow;
import io.twinhype.demo.DemoReport.MigrationRow;
import io.twinhype.demo.DemoReport.StepRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** The outcome of an experiment in which all went well, and the same with something wrong. */
final class Outcomes {
    static final MigrationRow MOVED = new MigrationRow(
            "vm1",
            "A",
            "B",
            "graft",
            41.5,
            MigrationRow.UNKNOWN,
            0,
            0,
            MigrationRow.COMPLETED,
            Optional.of(new GraftParts(48.2, 3.926, 0.518, 0.267, 0.603, 0.913, 0.035, 0.94, 0.08, 12.5)));
    static final GuestRow LIVED =
            new GuestRow("vm1", true, 900, 900, 0, 0, 41.5, 9, 0, "executed", "trapped", 4711, 4711);
    static final HypervisorRow PATCHED = new HypervisorRow("A", "/dev/kvm", "0123abcd", "4567ef01", false, true, 0);

    private Outcomes() {}

    /** Eight migrations, two patched hypervisors, four guests that lived. */
    static ExperimentOutcome good() {
        return of(
                Stream.generate(() -> MOVED).limit(8).toList(),
                List.of(PATCHED, new HypervisorRow("B", "/dev/kvm2", "89ab", "cdef", false, true, 0)),
                Stream.of("vm1", "vm2", "vm3", "vm4").map(Outcomes::lived).toList());
    }

    static ExperimentOutcome withFirstMigration(MigrationRow row) {
        return of(replaceFirst(good().migrations(), old -> row), good().hypervisors(), good().guests());
    }

    static ExperimentOutcome withFirstHypervisor(HypervisorRow row) {
        return of(good().migrations(), replaceFirst(good().hypervisors(), old -> row), good().guests());
    }

    static ExperimentOutcome withFirstGuest(GuestRow row) {
        return of(good().migrations(), good().hypervisors(), replaceFirst(good().guests(), old -> row));
    }

    static ExperimentOutcome of(List<MigrationRow> migrations, List<HypervisorRow> hypervisors, List<GuestRow> guests) {
        return new ExperimentOutcome(
                List.of(),
                migrations,
                hypervisors,
                guests,
                List.of(new StepRow("All four guests have booted", 43.1)),
                List.of(),
                Map.of("labKernel", "6.1.0-56-amd64"));
    }

    private static GuestRow lived(String name) {
        return new GuestRow(name, true, 900, 900, 0, 0, 41.5, 9, 0, "executed", "trapped", 4711, 4711);
    }

    private static <T> List<T> replaceFirst(List<T> rows, UnaryOperator<T> change) {
        List<T> changed = new ArrayList<>(rows);
        changed.set(0, change.apply(rows.getFirst()));
        return changed;
    }
}
