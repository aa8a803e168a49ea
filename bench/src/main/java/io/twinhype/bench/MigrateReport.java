package io.twinhype.bench;

import io.twinhype.bench.MigrateOutcome.Move;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Methods of migration compared, in the shape of {@code migrate.json}. Times are milliseconds.
 *
 * @param rows a guest and a method each, guest by guest
 * @param goals what was to be reached, and whether it was
 * @param problems what went wrong, a sentence each
 * @param kernelComplaints lines of the lab's kernel log that say WARN, BUG or the like
 * @param environment what it was measured on
 */
public record MigrateReport(
        List<Row> rows,
        List<MigrateGoal> goals,
        List<String> problems,
        List<String> kernelComplaints,
        Map<String, String> environment) {
    /** The part of a graft's time that the guest may notice, as the library measures it. */
    static final String PAUSE = "pause";

    public MigrateReport {
        rows = List.copyOf(rows);
        goals = List.copyOf(goals);
        problems = List.copyOf(problems);
        kernelComplaints = List.copyOf(kernelComplaints);
        environment = Map.copyOf(environment);
    }

    /**
     * Migrations of one guest by one method.
     *
     * @param pause longest silence of the guest's heartbeat while it was moved, its period included; what was prepared before
     *     (a second VM in the process, a second QEMU) is left out
     * @param silence the same with the preparation, which takes the lab's CPU from the guest
     * @param total from the order until the guest ran on the other side
     * @param medianSocketBytes what went between two processes
     * @param parts of grafts, by name, in their order; empty for other methods
     * @param failures why the others did not take place, each reason once
     */
    public record Row(
            MigrateGuest guest,
            MigrateMethod method,
            MigrateSpread pause,
            MigrateSpread silence,
            MigrateSpread total,
            long medianSocketBytes,
            Map<String, MigrateSpread> parts,
            List<String> failures) {
        public Row {
            parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
            failures = List.copyOf(failures);
        }
    }

    /** Whether everything went well and every goal was reached. */
    public boolean good() {
        return problems.isEmpty()
                && kernelComplaints.isEmpty()
                && goals.stream().allMatch(MigrateGoal::reached);
    }

    Optional<Row> row(MigrateGuest guest, MigrateMethod method) {
        return rows.stream()
                .filter(row -> row.guest().equals(guest) && row.method() == method)
                .findFirst();
    }

    /** What it says of other guests; with one less, nothing can be said of the size of memory. */
    MigrateReport without(List<MigrateGuest> others) {
        if (guests().stream().noneMatch(others::contains)) {
            return this;
        }
        List<MigrateGuest> left =
                guests().stream().filter(guest -> !others.contains(guest)).toList();
        return new MigrateReport(
                rows.stream().filter(row -> left.contains(row.guest())).toList(),
                goals.stream()
                        .filter(goal -> left.stream().anyMatch(goal::concerns))
                        .toList(),
                problems,
                kernelComplaints,
                environment);
    }

    List<MigrateGuest> guests() {
        return rows.stream().map(Row::guest).distinct().toList();
    }

    /** Sums up what was found. */
    static MigrateReport of(
            MigrateOutcome outcome,
            List<String> moreProblems,
            List<String> kernelComplaints,
            Map<String, String> environment) {
        List<Row> rows = new ArrayList<>();
        outcome.moves().stream().map(Move::guest).distinct().forEach(guest -> {
            for (MigrateMethod method : MigrateMethod.values()) {
                List<Move> moves = outcome.moves().stream()
                        .filter(move -> move.guest().equals(guest) && move.method() == method)
                        .toList();
                if (!moves.isEmpty()) {
                    rows.add(row(guest, method, moves));
                }
            }
        });
        Map<String, String> all = new LinkedHashMap<>(environment);
        all.putAll(outcome.environment());
        List<String> problems = new ArrayList<>(outcome.problems());
        problems.addAll(moreProblems);
        if (rows.isEmpty()) {
            problems.add("Nothing was measured.");
        }
        return new MigrateReport(rows, MigrateGoal.of(rows, outcome.moves()), problems, kernelComplaints, all);
    }

    private static Row row(MigrateGuest guest, MigrateMethod method, List<Move> moves) {
        List<Move> done = moves.stream().filter(Move::done).toList();
        Map<String, MigrateSpread> parts = new LinkedHashMap<>();
        done.stream()
                .flatMap(move -> move.parts().keySet().stream())
                .distinct()
                .forEach(part -> parts.put(
                        part,
                        MigrateSpread.of(done.stream()
                                .filter(move -> move.parts().containsKey(part))
                                .map(move -> move.parts().getOrDefault(part, 0.0))
                                .toList())));
        return new Row(
                guest,
                method,
                MigrateSpread.of(done.stream().map(Move::pauseMillis).toList()),
                MigrateSpread.of(done.stream().map(Move::silenceMillis).toList()),
                MigrateSpread.of(done.stream().map(Move::totalMillis).toList()),
                Math.round(MigrateSpread.of(done.stream()
                                .map(move -> (double) move.socketBytes())
                                .toList())
                        .median()),
                parts,
                moves.stream()
                        .filter(move -> !move.done())
                        .map(Move::failure)
                        .distinct()
                        .toList());
    }
}
