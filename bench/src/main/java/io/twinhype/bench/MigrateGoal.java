package io.twinhype.bench;

import io.twinhype.bench.MigrateOutcome.Move;
import io.twinhype.bench.MigrateReport.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/**
 * Something that was to be reached.
 *
 * @param goal in a sentence
 * @param measured what it is judged by
 */
public record MigrateGoal(String goal, String measured, boolean reached) {
    /** A graft's median pause is under this part of handoff's. */
    static final double OF_HANDOFF = 0.25;

    /** A graft's p99 is under this part of the TCP migration's median. */
    static final double OF_TCP = 0.5;

    private static final int SAMPLES = 2000;
    private static final double SURE = 0.95;

    /** Judges; a goal that nothing was measured for is not there. */
    static List<MigrateGoal> of(List<Row> rows, List<Move> moves) {
        List<MigrateGoal> goals = new ArrayList<>();
        rows.stream().filter(row -> row.method() == MigrateMethod.GRAFT).forEach(graft -> {
            other(rows, graft, MigrateMethod.HANDOFF)
                    .map(handoff -> compare(
                            "median pause by graft under a quarter of handoff's",
                            graft,
                            graft.pause().median(),
                            handoff.pause().median(),
                            OF_HANDOFF))
                    .ifPresent(goals::add);
            other(rows, graft, MigrateMethod.TCP)
                    .map(tcp -> compare(
                            "p99 of pauses by graft under half of the median over TCP",
                            graft,
                            graft.pause().p99(),
                            tcp.pause().median(),
                            OF_TCP))
                    .ifPresent(goals::add);
        });
        slope(moves).ifPresent(goals::add);
        return goals;
    }

    boolean concerns(MigrateGuest guest) {
        return goal.startsWith(guest.describe() + ": ");
    }

    private static Optional<Row> other(List<Row> rows, Row graft, MigrateMethod method) {
        return rows.stream()
                .filter(row -> row.guest().equals(graft.guest()) && row.method() == method)
                .filter(row -> row.pause().count() > 0 && graft.pause().count() > 0)
                .findFirst();
    }

    private static MigrateGoal compare(String goal, Row graft, double pause, double against, double part) {
        return new MigrateGoal(
                graft.guest().describe() + ": " + goal,
                String.format(Locale.ROOT, "%.1f ms to %.1f ms: %.2f", pause, against, pause / against),
                pause < against * part);
    }

    /**
     * No slope in the size of memory: the change of the median from the least to the most memory, per GiB, whose interval of
     * 95 % (bootstrap: medians of samples drawn anew from each) reaches down to 0.
     */
    private static Optional<MigrateGoal> slope(List<Move> moves) {
        TreeMap<Integer, List<Double>> pauses = new TreeMap<>();
        List<Move> grafts = moves.stream()
                .filter(move -> move.method() == MigrateMethod.GRAFT && move.done())
                .toList();
        if (grafts.isEmpty()) {
            return Optional.empty();
        }
        MigrateGuest first = grafts.getFirst().guest();
        grafts.stream()
                .filter(move -> move.guest().vcpus() == first.vcpus()
                        && move.guest().dirtyMebibytes() == first.dirtyMebibytes())
                .forEach(move -> pauses.computeIfAbsent(move.guest().memoryMebibytes(), _ -> new ArrayList<>())
                        .add(move.pauseMillis()));
        if (pauses.size() < 2) {
            return Optional.empty();
        }
        double gibibytes = (pauses.lastKey() - pauses.firstKey()) / 1024.0;
        List<Double> least = pauses.firstEntry().getValue();
        List<Double> most = pauses.lastEntry().getValue();
        double slope =
                (MigrateSpread.of(most).median() - MigrateSpread.of(least).median()) / gibibytes;
        // Seeded: the same figures are judged the same.
        Random random = new Random(1);
        List<Double> slopes = new ArrayList<>();
        for (int i = 0; i < SAMPLES; i++) {
            slopes.add((again(most, random) - again(least, random)) / gibibytes);
        }
        slopes.sort(null);
        double low = slopes.get((int) (SAMPLES * (1 - SURE) / 2));
        double high = slopes.get((int) (SAMPLES * (1 - (1 - SURE) / 2)));
        return Optional.of(new MigrateGoal(
                "no slope of the pause by graft in the size of memory, " + pauses.firstKey() + " to " + pauses.lastKey()
                        + " MiB",
                String.format(Locale.ROOT, "%.2f ms per GiB, between %.2f and %.2f with 95 %%", slope, low, high),
                low <= 0));
    }

    private static double again(List<Double> figures, Random random) {
        List<Double> drawn = new ArrayList<>(figures.size());
        for (int i = 0; i < figures.size(); i++) {
            drawn.add(figures.get(random.nextInt(figures.size())));
        }
        return MigrateSpread.of(drawn).median();
    }
}
