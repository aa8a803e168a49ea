package io.twinhype.qemu;

import java.nio.file.Path;

/** What executes a VM's instructions. */
public sealed interface Accelerator {
    /** QEMU's own emulation: works everywhere, slowly. */
    record Tcg() implements Accelerator {}

    /**
     * A KVM module.
     *
     * @param device its device node, such as {@code /dev/kvm} or {@code /dev/kvm2}
     */
    record Kvm(Path device) implements Accelerator {
        /** The node every QEMU opens unless it is told otherwise. */
        public static final Path DEFAULT_DEVICE = Path.of("/dev/kvm");
    }
}
