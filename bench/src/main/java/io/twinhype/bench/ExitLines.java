package io.twinhype.bench;

import io.twinhype.bench.ExitReport.Cost;
import io.twinhype.bench.ExitReport.LibraryRow;
import io.twinhype.bench.ExitReport.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads what exits.sh prints: "round N CONFIGURATION", then lines "KIND COST". */
final class ExitLines {
    private static final String CLOCK = "clock";
    private static final double INSTRUCTIONS_PER_ITERATION = 2;

    /** Costs by kind, then by configuration. */
    private final Map<String, Map<String, List<Double>>> costs = new LinkedHashMap<>();

    private ExitLines() {}

    static ExitLines of(String text) throws BenchException {
        ExitLines lines = new ExitLines();
        String configuration = "";
        for (String line : text.lines().toList()) {
            String[] words = line.split(" ", -1);
            if (words.length == 3 && words[0].equals("round")) {
                configuration = words[2];
            } else if (words.length == 2 && !configuration.isEmpty()) {
                lines.add(words[0], configuration, cost(line, words[1]));
            } else {
                throw nonsense(line);
            }
        }
        return lines;
    }

    private static double cost(String line, String word) throws BenchException {
        try {
            return Double.parseDouble(word);
        } catch (NumberFormatException e) {
            throw nonsense(line);
        }
    }

    private static BenchException nonsense(String line) {
        return new BenchException("The lab printed \"" + line + "\", which is no measurement; run it again with --out"
                + " and see the lab's console.");
    }

    private void add(String kind, String configuration, double cost) {
        costs.computeIfAbsent(kind, any -> new LinkedHashMap<>())
                .computeIfAbsent(configuration, any -> new ArrayList<>())
                .add(cost);
    }

    /** How far the clock goes in one instruction, as a loop of two shows. */
    double ticksPerInstruction() throws BenchException {
        List<Double> all = new ArrayList<>();
        costs.getOrDefault(CLOCK, Map.of()).values().forEach(all::addAll);
        if (all.isEmpty()) {
            throw new BenchException("The lab measured nothing; see its console.");
        }
        return Cost.of(all).median() / INSTRUCTIONS_PER_ITERATION;
    }

    List<Row> rows() throws BenchException {
        List<Row> rows = new ArrayList<>();
        for (Map.Entry<String, Map<String, List<Double>>> kind : costs.entrySet()) {
            if (!kind.getKey().equals(CLOCK)) {
                rows.add(new Row(kind.getKey(), cost(kind, "stock"), cost(kind, "A"), cost(kind, "AB")));
            }
        }
        return rows;
    }

    /** What the graft library costs; empty if that was not measured. */
    List<LibraryRow> libraryRows() throws BenchException {
        List<LibraryRow> rows = new ArrayList<>();
        for (Map.Entry<String, Map<String, List<Double>>> kind : costs.entrySet()) {
            if (!kind.getKey().equals(CLOCK) && kind.getValue().containsKey("plain")) {
                rows.add(new LibraryRow(kind.getKey(), cost(kind, "plain"), cost(kind, "preloaded")));
            }
        }
        return rows;
    }

    private static Cost cost(Map.Entry<String, Map<String, List<Double>>> kind, String configuration)
            throws BenchException {
        List<Double> values = kind.getValue().get(configuration);
        if (values == null) {
            throw new BenchException(
                    "The lab did not measure \"" + kind.getKey() + "\" on " + configuration + "; see its console.");
        }
        return Cost.of(values);
    }
}
