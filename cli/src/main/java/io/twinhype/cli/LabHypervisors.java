package io.twinhype.cli;

import io.twinhype.lab.LabKernel;
import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.Twin;
import io.twinhype.twin.Vendor;
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

    /** The modules to load on a lab with a vendor's processor, in order; the lab adds what they depend on. */
    List<ModuleToLoad> modules(KernelTree tree, LabKernels kernels, Vendor vendor) throws Exception {
        return switch (this) {
            case none -> List.of();
            case stock -> {
                LabKernel kernel = LabKernels.kernel(tree);
                yield List.of(
                        kernel.module("kvm"),
                        kernel.module(
                                switch (vendor) {
                                    case SVM -> "kvm-amd";
                                    case VMX -> "kvm-intel";
                                }));
            }
            case A -> kernels.twins(tree, vendor, List.of(Twin.A));
            case B -> kernels.twins(tree, vendor, List.of(Twin.B));
            case AB -> kernels.twins(tree, vendor, List.of(Twin.A, Twin.B));
        };
    }
}
