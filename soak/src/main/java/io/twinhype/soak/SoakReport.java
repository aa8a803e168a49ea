package io.twinhype.soak;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a soak found.
 *
 * @param passed whether nothing was found wrong, and every guard's absence was noticed
 * @param problems what was found wrong, a sentence each
 * @param size how much of everything was done
 * @param checks with all guards in place
 * @param guards without one of them
 * @param environment what it ran on
 * @param seconds it took in all, s
 */
public record SoakReport(
        boolean passed,
        List<String> problems,
        SoakSize size,
        List<Check> checks,
        List<GuardOutcome> guards,
        Map<String, String> environment,
        double seconds) {
    public SoakReport {
        problems = List.copyOf(problems);
        checks = List.copyOf(checks);
        guards = List.copyOf(guards);
        environment = new TreeMap<>(environment);
    }
}
