package io.twinhype.soak;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the Intel trial found on one kernel.
 *
 * @param boots of the lab, with all guards in place
 * @param sizes how much was done in each of them
 * @param guards what became of the trial without one of them
 * @param environment what it ran on
 * @param seconds it took in all, s
 */
public record IntelReport(
        List<IntelBoot> boots,
        List<IntelSize> sizes,
        List<GuardOutcome> guards,
        Map<String, String> environment,
        double seconds) {
    public IntelReport {
        boots = List.copyOf(boots);
        sizes = List.copyOf(sizes);
        guards = List.copyOf(guards);
        environment = new TreeMap<>(environment);
    }

    /** What was found wrong, a sentence each; empty if the trial passed. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (IntelBoot boot : boots) {
            boot.problems().forEach(problem -> problems.add(boot.name() + ", " + problem));
        }
        for (GuardOutcome guard : guards) {
            if (!guard.noticed()) {
                problems.add("without " + guard.guard() + ": " + guard.sentence());
            }
        }
        return problems;
    }
}
