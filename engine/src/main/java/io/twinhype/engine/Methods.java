package io.twinhype.engine;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Finds out what is in the way of each method. Nothing is changed. */
final class Methods {
    private Methods() {}

    /** For a VM that was started by this program. */
    static List<MethodCheck> of(Vm vm, Hypervisor to, Duration patience) {
        Instance source = vm.instance();
        Optional<String> noGraft = source.hypervisor().emulates()
                ? Optional.of("hypervisor " + source.hypervisor().name() + " is emulation, which has no KVM device")
                : new VmmGraft("VM " + vm.name(), vm.pid(), source.hypervisor().name(), to, patience).obstacle();
        return List.of(
                new MethodCheck(MigrationMethod.GRAFT, noGraft),
                source.memory().isPresent()
                        ? MethodCheck.possible(MigrationMethod.HANDOFF)
                        : MethodCheck.impossible(MigrationMethod.HANDOFF, "its memory is private"),
                MethodCheck.possible(MigrationMethod.COPY));
    }

    /** For a VMM that somebody else started: a second one like it can't be made from outside. */
    static List<MethodCheck> of(VmmGraft graft) {
        String notOurs = "it needs a second VMM with the same devices, and only the program that started this one can"
                + " start it: move the VM with that program";
        return List.of(
                new MethodCheck(MigrationMethod.GRAFT, graft.obstacle()),
                MethodCheck.impossible(MigrationMethod.HANDOFF, notOurs),
                MethodCheck.impossible(MigrationMethod.COPY, notOurs));
    }
}
