package io.twinhype.cli;

import io.twinhype.twin.EditOutcome;
import io.twinhype.twin.EditTrial;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Edits by kernels, in Markdown. */
final class EditMatrix {
    private EditMatrix() {}

    static String markdown(List<EditTrial> trials) {
        Map<String, Map<EditTrial, EditOutcome>> rows = new LinkedHashMap<>();
        Map<String, String> kinds = new HashMap<>();
        for (EditTrial trial : trials) {
            for (EditOutcome outcome : trial.outcomes()) {
                String name = outcome.edit().name();
                rows.computeIfAbsent(name, _ -> new HashMap<>()).put(trial, outcome);
                kinds.put(name, outcome.edit().kind());
            }
        }
        StringBuilder text = new StringBuilder();
        List<String> heads = new ArrayList<>(List.of("edit", "kind"));
        trials.forEach(trial -> heads.add(trial.version() + (trial.known() ? "" : " *")));
        line(text, heads);
        line(text, heads.stream().map(_ -> "---").toList());
        rows.forEach((name, outcomes) -> {
            List<String> cells = new ArrayList<>(List.of(name, String.valueOf(kinds.get(name))));
            trials.forEach(trial -> cells.add(cell(outcomes.get(trial))));
            line(text, cells);
        });
        List<String> sums = new ArrayList<>(List.of("**fit**", ""));
        trials.forEach(trial -> sums.add("**"
                + trial.outcomes().stream()
                        .filter(outcome -> outcome.verdict().fits())
                        .count()
                + " of " + trial.outcomes().size() + "**"));
        line(text, sums);
        return text.toString();
    }

    private static String cell(@org.jspecify.annotations.Nullable EditOutcome outcome) {
        if (outcome == null) {
            return "";
        }
        return switch (outcome.verdict()) {
            case MATCH -> "match";
            case NOT_NEEDED -> "not needed";
            case NOT_THERE -> "not there";
            case NO_MATCH -> "no match (" + outcome.found() + " for " + outcome.expected() + ")";
        };
    }

    private static void line(StringBuilder text, List<String> cells) {
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }
}
