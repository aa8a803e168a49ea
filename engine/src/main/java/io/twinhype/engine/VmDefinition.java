package io.twinhype.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A VM as its owner describes it.
 *
 * @param name letters, digits and '-', at most 32 characters; unique on the host
 * @param memoryMebibytes its RAM
 * @param machineType a versioned QEMU machine type; both ways of a migration need the same
 * @param cpuModel a named CPU model; {@code host} would change under a patched hypervisor
 * @param kernel a Linux kernel, compressed or an ELF file
 * @param disks raw files, as virtio disks in this order
 * @param sharedMemory whether another process may map its RAM: needed for {@link MigrationMethod#HANDOFF}
 * @param endOnReboot whether the VM ends when the guest reboots, instead of booting again
 */
public record VmDefinition(
        String name,
        int memoryMebibytes,
        int vcpus,
        String machineType,
        String cpuModel,
        Path kernel,
        Path initramfs,
        String kernelArguments,
        List<Path> disks,
        List<SerialPort> ports,
        boolean sharedMemory,
        boolean endOnReboot) {
    /** In QEMU 7.2 and everything later that still has it. */
    public static final String DEFAULT_MACHINE_TYPE = "pc-i440fx-7.2";

    /**
     * The plain 64-bit model, by version. It has nothing that emulation lacks or that a KVM without AVX, or under an
     * emulated processor, could not offer; SVM is off because a migrated guest must not use it.
     */
    public static final String DEFAULT_CPU_MODEL = "qemu64-v1,-svm";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9-]{0,31}");

    /** Checks the name and the sizes and copies the lists. */
    public VmDefinition {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("a VM can't be called '" + name
                    + "': use letters, digits and '-', beginning with a letter or digit, at most 32 characters");
        }
        if (memoryMebibytes < 1 || vcpus < 1) {
            throw new IllegalArgumentException("VM " + name + " needs at least 1 MiB of memory and 1 vCPU, not "
                    + memoryMebibytes + " MiB and " + vcpus);
        }
        disks = List.copyOf(disks);
        ports = List.copyOf(ports);
    }

    /** Returns a VM with one vCPU, shared memory and no disk that boots a Linux kernel. */
    public static VmDefinition linux(
            String name, int memoryMebibytes, Path kernel, Path initramfs, String kernelArguments) {
        return new VmDefinition(
                name,
                memoryMebibytes,
                1,
                DEFAULT_MACHINE_TYPE,
                DEFAULT_CPU_MODEL,
                kernel,
                initramfs,
                kernelArguments,
                List.of(),
                List.of(),
                true,
                true);
    }

    /** Returns this VM with one more disk. */
    public VmDefinition withDisk(Path file) {
        return with(plus(disks, file), ports, sharedMemory);
    }

    /** Returns this VM with another number of vCPUs. */
    public VmDefinition withVcpus(int number) {
        return new VmDefinition(
                name,
                memoryMebibytes,
                number,
                machineType,
                cpuModel,
                kernel,
                initramfs,
                kernelArguments,
                disks,
                ports,
                sharedMemory,
                endOnReboot);
    }

    /** Returns this VM with one more virtio-serial port. */
    public VmDefinition withPort(String portName, Path socket) {
        return with(disks, plus(ports, new SerialPort(portName, socket)), sharedMemory);
    }

    /** Returns this VM with memory that no other process can map. */
    public VmDefinition withPrivateMemory() {
        return with(disks, ports, false);
    }

    private VmDefinition with(List<Path> newDisks, List<SerialPort> newPorts, boolean newSharedMemory) {
        return new VmDefinition(
                name,
                memoryMebibytes,
                vcpus,
                machineType,
                cpuModel,
                kernel,
                initramfs,
                kernelArguments,
                newDisks,
                newPorts,
                newSharedMemory,
                endOnReboot);
    }

    private static <T> List<T> plus(List<T> list, T more) {
        var longer = new ArrayList<>(list);
        longer.add(more);
        return longer;
    }
}
