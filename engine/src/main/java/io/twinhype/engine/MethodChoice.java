package io.twinhype.engine;

import java.util.List;
import java.util.Optional;

/**
 * The method by which a VM is best moved: graft where only the hypervisor is replaced and nothing is in the way, handoff
 * where the VMM is replaced, too, or a graft is not possible, copy as the last resort.
 *
 * @param method the choice; empty if none is possible
 * @param reason why, in a sentence
 * @param checks each method and what is in its way
 */
public record MethodChoice(Optional<MigrationMethod> method, String reason, List<MethodCheck> checks) {
    /** Copies the list. */
    public MethodChoice {
        checks = List.copyOf(checks);
    }

    /**
     * Chooses.
     *
     * @param checks all methods, in any order
     * @param newVmm whether the VMM is to be replaced, too, and not only the hypervisor
     */
    static MethodChoice of(List<MethodCheck> checks, boolean newVmm) {
        Optional<String> noGraft = newVmm
                ? Optional.of("the VMM is to be replaced, too, and a graft keeps it")
                : obstacle(checks, MigrationMethod.GRAFT);
        Optional<String> noHandoff = obstacle(checks, MigrationMethod.HANDOFF);
        Optional<String> noCopy = obstacle(checks, MigrationMethod.COPY);
        if (noGraft.isEmpty()) {
            return chosen(
                    MigrationMethod.GRAFT, "only the hypervisor is replaced, and nothing is in a graft's way", checks);
        }
        if (noHandoff.isEmpty()) {
            return chosen(
                    MigrationMethod.HANDOFF,
                    newVmm
                            ? "the VMM is to be replaced, too, and the VM's memory can be shared with the new one"
                            : "no graft is possible (" + noGraft.get()
                                    + "), but the VM's memory can be shared with a new VMM",
                    checks);
        }
        if (noCopy.isEmpty()) {
            return chosen(
                    MigrationMethod.COPY,
                    "neither a graft (" + noGraft.get() + ") nor a handoff (" + noHandoff.get() + ") is possible",
                    checks);
        }
        return new MethodChoice(
                Optional.empty(),
                "no method is possible: graft: " + noGraft.get() + "; handoff: " + noHandoff.get() + "; copy: "
                        + noCopy.get(),
                checks);
    }

    private static MethodChoice chosen(MigrationMethod method, String reason, List<MethodCheck> checks) {
        return new MethodChoice(Optional.of(method), method.label() + ": " + reason, checks);
    }

    private static Optional<String> obstacle(List<MethodCheck> checks, MigrationMethod method) {
        return checks.stream()
                .filter(check -> check.method() == method)
                .findFirst()
                .map(MethodCheck::obstacle)
                .orElse(Optional.of("it is not known here"));
    }
}
