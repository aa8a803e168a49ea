package io.twinhype.soak;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one case came to.
 *
 * @param name the case's
 * @param vmm what the QEMU calls its version
 * @param grafts that were done
 * @param refusals grafts that the library refused, where the case allows that
 * @param faults grafts that were made to fail, after each of which the guest ran on
 * @param problems what was not as it must be, a sentence each
 * @param figures what was measured; milliseconds where a name ends with {@code _ms}
 * @param seconds it took, s
 */
public record GraftOutcome(
        String name,
        String vmm,
        int grafts,
        int refusals,
        int faults,
        List<String> problems,
        Map<String, Double> figures,
        double seconds) {
    public GraftOutcome {
        problems = List.copyOf(problems);
        figures = new TreeMap<>(figures);
    }

    /** Whether nothing was wrong. */
    public boolean ok() {
        return problems.isEmpty();
    }
}
