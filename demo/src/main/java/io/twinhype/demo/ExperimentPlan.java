package io.twinhype.demo;

import java.nio.file.Path;
import java.util.List;

/**
 * What the host has prepared and the lab is to do: the message between the demo's two halves, as JSON. Its paths are the
 * same on both sides, since the lab sees the host's files.
 *
 * @param method how VMs are moved
 * @param graftLibrary what the VMMs are started with
 * @param kernel what the guests boot
 * @param initramfs the guests' first file system
 * @param probe file in the guests whose content says whether the fix is under them
 * @param hypervisors A, then B; both are loaded, in their unpatched build, when the lab's half starts
 * @param fault what is broken on purpose
 * @param comparison migrations to be compared after the experiment, in this order; empty for none
 */
record ExperimentPlan(
        DemoMethod method,
        Path graftLibrary,
        Path kernel,
        Path initramfs,
        String probe,
        List<Slot> hypervisors,
        DemoFault fault,
        List<ComparisonPlan> comparison) {

    ExperimentPlan {
        hypervisors = List.copyOf(hypervisors);
        comparison = List.copyOf(comparison);
    }

    /** A hypervisor and its two builds. */
    record Slot(String name, Build before, Build after) {}

    /** A module file, and the identity that the loaded module must show. */
    record Build(Path module, String identity) {}

    /**
     * One guest, moved back and forth.
     *
     * @param memoryMebibytes of the guest
     * @param runs migrations by each method
     */
    record ComparisonPlan(int memoryMebibytes, int runs) {}

    Slot slot(String name) {
        return hypervisors.stream()
                .filter(slot -> slot.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("The plan has no hypervisor " + name + "."));
    }
}
