package io.twinhype.twin;

import java.util.List;
import java.util.Optional;

/**
 * Which hypervisor to build, and from what.
 *
 * @param twin A or B
 * @param kernel the kernel whose KVM it is made of, and which it runs on
 * @param vendor the processors it runs on
 * @param source whose KVM is used instead of that of the kernel's package, if any
 * @param patches made to the kernel's source before the edits, in this order
 */
public record BuildRequest(
        Twin twin, KernelTree kernel, Vendor vendor, Optional<SourceTree> source, List<SourcePatch> patches) {
    public BuildRequest {
        patches = List.copyOf(patches);
    }

    /** A hypervisor made of the KVM of the kernel's package. */
    public BuildRequest(Twin twin, KernelTree kernel, Vendor vendor, List<SourcePatch> patches) {
        this(twin, kernel, vendor, Optional.empty(), patches);
    }

    /** A hypervisor for AMD's processors, which the lab's emulator has. */
    public BuildRequest(Twin twin, KernelTree kernel, List<SourcePatch> patches) {
        this(twin, kernel, Vendor.SVM, patches);
    }
}
