package io.twinhype.soak;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads what soak.sh says. */
final class CheckLines {
    private CheckLines() {}

    /** The checks that have a result, in the order of their results. Lines of another kind do not matter. */
    static List<Check> parse(List<String> lines) {
        Map<String, Map<String, String>> figures = new HashMap<>();
        Map<String, List<String>> details = new HashMap<>();
        List<Check> checks = new ArrayList<>();
        for (String line : lines) {
            String[] words = line.split(" ", 4);
            if (words.length < 3) {
                continue;
            }
            String name = words[1];
            String rest = words.length == 4 ? words[3] : "";
            switch (words[0]) {
                case "figure" ->
                    figures.computeIfAbsent(name, key -> new TreeMap<>()).put(words[2], rest);
                case "detail" ->
                    details.computeIfAbsent(name, key -> new ArrayList<>()).add((words[2] + " " + rest).strip());
                case "result" ->
                    checks.add(new Check(
                            name,
                            words[2].equals("ok"),
                            rest,
                            figures.getOrDefault(name, Map.of()),
                            details.getOrDefault(name, List.of())));
                default -> {}
            }
        }
        return checks;
    }
}
