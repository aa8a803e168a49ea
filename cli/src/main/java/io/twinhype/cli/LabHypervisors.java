package io.twinhype.cli;

import io.twinhype.lab.LabException;
import io.twinhype.lab.LabKernel;
import io.twinhype.lab.ModuleToLoad;
import java.util.List;

/** Which hypervisors a lab has loaded when its command starts. */
enum LabHypervisors {
    /** No KVM at all. */
    none,
    /** The distribution's own KVM. */
    stock,
    /** Our A, on /dev/kvm. */
    A,
    /** Our B, on /dev/kvm2. */
    B,
    /** Both. */
    AB;

    /** Where the modules of A and B come from. */
    interface Twins {
        /** The base module and the twins asked for, in load order, built for this kernel if they are not yet. */
        List<ModuleToLoad> modules(LabKernel kernel, boolean a, boolean b) throws Exception;
    }

    /** The modules to load, in order; the lab adds what they depend on. */
    List<ModuleToLoad> modules(LabKernel kernel, Twins twins) throws Exception {
        return switch (this) {
            case none -> List.of();
            case stock -> stock(kernel);
            case A -> twins.modules(kernel, true, false);
            case B -> twins.modules(kernel, false, true);
            case AB -> twins.modules(kernel, true, true);
        };
    }

    /** The lab's processor is an AMD one. */
    private static List<ModuleToLoad> stock(LabKernel kernel) throws LabException {
        return List.of(kernel.module("kvm"), kernel.module("kvm-amd"));
    }
}
