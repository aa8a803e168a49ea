package io.twinhype.soak;

import java.util.ArrayList;
import java.util.List;

/**
 * What was seen in one boot of the lab with an Intel processor.
 *
 * @param name of the directory of its results
 * @param cpus of the lab
 * @param checks that came to a result: the steps of intel.sh
 * @param complaints of the lab's kernel, from its first program on
 * @param end why the steps did not come to their end; empty if they did
 * @param seconds from the start of Bochs to the end of the steps, s; 0 if they did not come to their end
 */
public record IntelBoot(
        String name, int cpus, List<Check> checks, List<String> complaints, String end, double seconds) {
    public IntelBoot {
        checks = List.copyOf(checks);
        complaints = List.copyOf(complaints);
    }

    /** Everything that was not as it must be, a sentence each. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        checks.stream()
                .filter(check -> !check.ok())
                .forEach(check -> problems.add(check.name() + ": " + check.sentence()));
        complaints.forEach(line -> problems.add("the lab's kernel complained: " + line));
        if (!end.isEmpty()) {
            problems.add(end);
        }
        return problems;
    }

    /** Whether the guests or the kernel noticed that something is wrong; that time ran out may be the host's fault. */
    boolean noticed() {
        return !complaints.isEmpty() || checks.stream().anyMatch(check -> !check.ok());
    }
}
