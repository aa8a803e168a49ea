package io.twinhype.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Writes the command line of one QEMU process, without the program itself. Nothing is left to QEMU's defaults: two
 * processes with the same calls have the same devices at the same places, which migration depends on.
 */
public final class QemuCommandLine {
    private final List<String> arguments = new ArrayList<>();
    private int disks;
    private int ports;
    private int monitors;

    /** Starts the command line of a VM. */
    public QemuCommandLine(String name) {
        add("-name", "guest=" + escape(name) + ",debug-threads=on");
        add("-no-user-config", "-nodefaults", "-display", "none", "-vga", "none", "-msg", "timestamp=on");
    }

    /**
     * Sets the machine; its RAM comes from {@link #sharedMemory} or {@link #privateMemory}.
     *
     * @param type a versioned machine type: an unversioned one changes with QEMU and can't be migrated
     * @param cpuModel a named CPU model, never {@code host}
     */
    public QemuCommandLine machine(String type, String cpuModel, int vcpus) {
        return add(
                "-machine",
                escape(type) + ",memory-backend=ram,suppress-vmdesc=on",
                "-cpu",
                cpuModel,
                "-smp",
                Integer.toString(vcpus));
    }

    /** Sets what executes the instructions; how a KVM device is named depends on the {@link QemuBinary}. */
    QemuCommandLine accelerator(Accelerator accelerator, boolean namesDevice) {
        return switch (accelerator) {
            case Accelerator.Tcg() -> add("-accel", "tcg");
            case Accelerator.Kvm(Path device) ->
                add("-accel", namesDevice ? "kvm,device=" + escape(device.toString()) : "kvm");
        };
    }

    /** Keeps RAM in a file that another process can map, too. */
    public QemuCommandLine sharedMemory(int mebibytes, Path file) {
        return add(
                "-m",
                mebibytes + "M",
                "-object",
                "memory-backend-file,id=ram,size=" + mebibytes + "M,share=on,mem-path=" + escape(file.toString()));
    }

    /** Keeps RAM in the process. */
    public QemuCommandLine privateMemory(int mebibytes) {
        return add("-m", mebibytes + "M", "-object", "memory-backend-ram,id=ram,size=" + mebibytes + "M");
    }

    /** Boots a Linux kernel, compressed or an ELF file with a PVH entry. */
    public QemuCommandLine kernel(Path kernel, Path initramfs, String kernelArguments) {
        return add("-kernel", kernel.toString(), "-initrd", initramfs.toString(), "-append", kernelArguments);
    }

    /** Adds a raw disk file as virtio-blk with a thread of its own. */
    public QemuCommandLine disk(Path file) {
        int number = disks++;
        var node = QmpWire.JSON.createObjectNode().put("driver", "raw").put("node-name", "disk" + number);
        node.putObject("file").put("driver", "file").put("filename", file.toString());
        return add(
                "-object",
                "iothread,id=iothread" + number,
                "-blockdev",
                QmpWire.JSON.writeValueAsString(node),
                "-device",
                "virtio-blk-pci,id=vd" + number + ",drive=disk" + number + ",iothread=iothread" + number);
    }

    /** Adds a virtio-serial port whose host end connects to a socket that somebody already listens on. */
    public QemuCommandLine port(String name, Path socket) {
        int number = ports++;
        if (number == 0) {
            add("-device", "virtio-serial-pci,id=serial");
        }
        return add(
                "-chardev",
                "socket,id=port" + number + ",server=off,path=" + escape(socket.toString()),
                "-device",
                "virtserialport,chardev=port" + number + ",name=" + escape(name));
    }

    /** Appends what the guest writes to its first ISA serial port to a file. */
    public QemuCommandLine console(Path file) {
        return add(
                "-chardev", "file,id=console,append=on,path=" + escape(file.toString()), "-serial", "chardev:console");
    }

    /** Adds a QMP monitor that listens on a socket. */
    QemuCommandLine monitor(Path socket) {
        String id = "monitor" + monitors++;
        return add(
                "-chardev",
                "socket,id=" + id + ",server=on,wait=off,path=" + escape(socket.toString()),
                "-mon",
                "chardev=" + id + ",mode=control");
    }

    /** Ends QEMU when the guest reboots, instead of booting it again. */
    public QemuCommandLine endOnReboot() {
        return add("-no-reboot");
    }

    /** Waits for a migration, and then for {@code cont}. */
    public QemuCommandLine incoming() {
        return add("-S", "-incoming", "defer");
    }

    /** Returns the arguments. */
    public List<String> arguments() {
        return List.copyOf(arguments);
    }

    private QemuCommandLine add(String... more) {
        Stream.of(more).forEach(arguments::add);
        return this;
    }

    /** In QEMU's option syntax a comma ends a value; two stand for one (qemu(1)). */
    private static String escape(String value) {
        return value.replace(",", ",,");
    }
}
