package io.twinhype.twin;

import java.util.List;

/**
 * Which hypervisor to build, and from what.
 *
 * @param twin A or B
 * @param kernel the kernel whose KVM it is made of, and which it runs on
 * @param vendor the processors it runs on
 * @param patches made to the kernel's source before the edits, in this order
 */
public record BuildRequest(Twin twin, KernelTree kernel, Vendor vendor, List<SourcePatch> patches) {
    public BuildRequest {
        patches = List.copyOf(patches);
    }

    /** A hypervisor for AMD's processors, which the lab's emulator has. */
    public BuildRequest(Twin twin, KernelTree kernel, List<SourcePatch> patches) {
        this(twin, kernel, Vendor.SVM, patches);
    }
}
