package io.twinhype.engine;

import io.twinhype.qemu.QemuProcess;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One VMM process of a VM, on one hypervisor. There is a second one while the VM moves by handoff or copy; after a
 * graft, the same process is another instance.
 *
 * @param hypervisor what it runs on
 * @param directory its sockets and logs
 * @param memory the file that is the VM's RAM, if it is shared
 */
record Instance(Hypervisor hypervisor, Path directory, Optional<Path> memory, QemuProcess process) {}
