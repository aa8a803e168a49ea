package io.twinhype.soak;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a soak of grafts found.
 *
 * @param problems of the lab itself, a sentence each; those of cases are with them
 * @param outcomes in the order in which they came
 * @param leftOut cases that were not done, and why
 * @param command that made it
 * @param environment what it ran on
 * @param seconds it took in all, s
 */
public record GraftReport(
        List<String> problems,
        List<GraftOutcome> outcomes,
        Map<String, String> leftOut,
        String command,
        Map<String, String> environment,
        double seconds) {
    public GraftReport {
        problems = List.copyOf(problems);
        outcomes = List.copyOf(outcomes);
        leftOut = new TreeMap<>(leftOut);
        environment = new TreeMap<>(environment);
    }

    /** Whether nothing was wrong. */
    public boolean passed() {
        return allProblems().isEmpty() && !outcomes.isEmpty();
    }

    /** All that was wrong, a sentence each. */
    public List<String> allProblems() {
        List<String> all = new ArrayList<>(problems);
        outcomes.forEach(
                outcome -> outcome.problems().forEach(problem -> all.add("Case " + outcome.name() + ": " + problem)));
        return all;
    }
}
