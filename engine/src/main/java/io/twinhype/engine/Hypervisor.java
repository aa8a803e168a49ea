package io.twinhype.engine;

import io.twinhype.qemu.Accelerator;
import io.twinhype.twin.Twin;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What VMs run on: one KVM module, or QEMU's own emulation.
 *
 * @param name what people call it, such as A
 * @param device its device node; empty for emulation
 */
public record Hypervisor(String name, Optional<Path> device) {
    /** Returns the KVM module behind a device node. */
    public static Hypervisor kvm(String name, Path device) {
        return new Hypervisor(name, Optional.of(device));
    }

    /** Returns A or B. */
    public static Hypervisor of(Twin twin) {
        return kvm(twin.name(), twin.device());
    }

    /** Returns QEMU's emulation (TCG) under a name: needs no module and no privileges. */
    public static Hypervisor emulated(String name) {
        return new Hypervisor(name, Optional.empty());
    }

    /** Says whether this is QEMU's emulation. */
    public boolean emulates() {
        return device.isEmpty();
    }

    Accelerator accelerator() {
        return device.<Accelerator>map(Accelerator.Kvm::new).orElseGet(Accelerator.Tcg::new);
    }
}
