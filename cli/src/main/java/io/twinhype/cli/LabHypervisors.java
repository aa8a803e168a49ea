package io.twinhype.cli;

import io.twinhype.lab.LabKernel;
import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.Twin;
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

    /** The modules to load, in order; the lab adds what they depend on. */
    List<ModuleToLoad> modules(KernelTree tree, LabKernels kernels) throws Exception {
        return switch (this) {
            case none -> List.of();
            case stock -> {
                // The lab's processor is an AMD one.
                LabKernel kernel = LabKernels.kernel(tree);
                yield List.of(kernel.module("kvm"), kernel.module("kvm-amd"));
            }
            case A -> kernels.twins(tree, List.of(Twin.A));
            case B -> kernels.twins(tree, List.of(Twin.B));
            case AB -> kernels.twins(tree, List.of(Twin.A, Twin.B));
        };
    }
}
