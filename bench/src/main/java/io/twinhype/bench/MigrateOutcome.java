package io.twinhype.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the lab's half found, as JSON on its way back.
 *
 * @param moves in the order in which they were made
 * @param problems what went wrong, a sentence each
 * @param environment what the lab says of itself
 */
record MigrateOutcome(List<Move> moves, List<String> problems, Map<String, String> environment) {
    MigrateOutcome {
        moves = List.copyOf(moves);
        problems = List.copyOf(problems);
        environment = Map.copyOf(environment);
    }

    /**
     * One migration.
     *
     * @param pauseMillis longest silence of the heartbeat while the guest was moved, its preparation left out
     * @param silenceMillis longest silence from the beginning of the preparation on
     * @param totalMillis from the order until the guest ran on the other side
     * @param socketBytes of the stream between two processes, 0 if there is none
     * @param parts of a graft by name, ms, as the library measured them; empty for other methods
     * @param failure why it did not take place, empty if it did
     */
    record Move(
            MigrateGuest guest,
            MigrateMethod method,
            double pauseMillis,
            double silenceMillis,
            double totalMillis,
            long socketBytes,
            Map<String, Double> parts,
            String failure) {
        Move {
            // In the order in which they come.
            parts = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(parts));
        }

        boolean done() {
            return failure.isEmpty();
        }
    }

    /** Collects one. */
    static final class Collector {
        private final List<Move> moves = new ArrayList<>();
        private final List<String> problems = new ArrayList<>();
        private final Map<String, String> environment = new LinkedHashMap<>();

        void move(Move move) {
            moves.add(move);
        }

        void problem(String sentence) {
            problems.add(sentence);
        }

        void environment(String name, String value) {
            environment.put(name, value);
        }

        MigrateOutcome outcome() {
            return new MigrateOutcome(moves, problems, environment);
        }
    }
}
