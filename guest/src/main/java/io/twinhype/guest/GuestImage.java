package io.twinhype.guest;

import io.twinhype.kmod.KernelModule;
import io.twinhype.kmod.KernelModuleException;
import io.twinhype.kmod.PackagedModules;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/**
 * What the small guest boots from.
 *
 * @param kernel the kernel, unpacked if that was possible
 * @param initramfs the guest's program and the modules it loads
 */
public record GuestImage(Path kernel, Path initramfs) {
    private static final List<String> MODULES = List.of("virtio_pci", "virtio_blk", "virtio_console");

    /**
     * Modules of the kernel's package without which the guest can't check everything: the network, virtio without PCI (QEMU's
     * machine {@code microvm}), and the power button.
     */
    public static final List<String> MORE_DEVICES = List.of("virtio_net", "virtio_mmio", "button", "evdev");

    /**
     * Builds the image, or takes it out of the cache where its ingredients have not changed.
     *
     * @param kernelRoot a directory into which a kernel package was unpacked: {@code boot/vmlinuz-RELEASE} and
     *     {@code lib/modules/RELEASE}
     * @param cache a directory for what was built, made if need be
     * @param more further modules for this kernel that the guest loads after its own, in this order
     */
    public static GuestImage build(Path kernelRoot, Path cache, List<Path> more) throws GuestException {
        return build(kernelRoot, cache, List.of(), more);
    }

    /**
     * Builds the image with further modules of the kernel's package, such as {@link #MORE_DEVICES}; those that are built
     * into the kernel do not matter.
     *
     * @param packaged their names
     */
    public static GuestImage build(Path kernelRoot, Path cache, List<String> packaged, List<Path> more)
            throws GuestException {
        Path vmlinuz = onlyOne(kernelRoot.resolve("boot"), "vmlinuz-");
        String release = vmlinuz.getFileName().toString().substring("vmlinuz-".length());
        List<Path> modules = modules(kernelRoot.resolve("lib/modules").resolve(release), packaged, more);
        Path program = GuestProgram.compile(cache);
        return new GuestImage(GuestKernel.unpack(vmlinuz, cache), initramfs(program, modules, cache));
    }

    private static List<Path> modules(Path directory, List<String> packaged, List<Path> more) throws GuestException {
        try {
            PackagedModules modules = PackagedModules.in(directory);
            List<Path> wanted = new ArrayList<>(modules.filesOf(MODULES));
            wanted.addAll(modules.filesOf(packaged));
            wanted.addAll(more);
            return modules.inLoadOrder(wanted);
        } catch (KernelModuleException e) {
            throw new GuestException(e.getMessage(), e);
        }
    }

    private static Path onlyOne(Path directory, String prefix) throws GuestException {
        String advice = "; unpack one linux-image package into " + directory.getParent();
        try (Stream<Path> files = Files.list(directory)) {
            List<Path> found = files.filter(
                            file -> file.getFileName().toString().startsWith(prefix))
                    .toList();
            if (found.size() != 1) {
                throw new GuestException("there must be exactly one " + prefix + "* in " + directory + ", there are "
                        + found.size() + advice);
            }
            return found.getFirst();
        } catch (IOException missing) {
            throw new GuestException("there is no kernel in " + directory + advice, missing);
        }
    }

    private static Path initramfs(Path program, List<Path> modules, Path cache) throws GuestException {
        try {
            byte[] archive = archive(program, modules);
            Path file = cache.resolve("initramfs-" + ContentHash.of(archive));
            if (!Files.exists(file)) {
                Path unfinished = Files.write(Files.createTempFile(cache, "initramfs", ".tmp"), archive);
                Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            }
            return file;
        } catch (KernelModuleException unreadable) {
            throw new GuestException(unreadable.getMessage(), unreadable);
        } catch (IOException unusable) {
            throw new GuestException(
                    "cannot build the guest's initramfs in " + cache + ": " + unusable.getMessage()
                            + "; is the disk full, or the directory not writable?",
                    unusable);
        }
    }

    /** Uncompressed: the guest would have to spend more on unpacking than the host saves. */
    private static byte[] archive(Path program, List<Path> modules) throws IOException, KernelModuleException {
        var bytes = new ByteArrayOutputStream();
        try (var archive = new CpioArchiveOutputStream(bytes, CpioConstants.FORMAT_NEW)) {
            add(archive, "init", CpioConstants.C_ISREG | 0755, Files.readAllBytes(program));
            add(archive, "modules", CpioConstants.C_ISDIR | 0755, new byte[0]);
            var order = new StringBuilder();
            for (Path module : modules) {
                String name = KernelModule.elfName(module);
                order.append(name).append('\n');
                add(archive, "modules/" + name, CpioConstants.C_ISREG | 0644, KernelModule.elf(module));
            }
            add(
                    archive,
                    "modules/order",
                    CpioConstants.C_ISREG | 0644,
                    order.toString().getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    private static void add(CpioArchiveOutputStream archive, String name, long mode, byte[] content)
            throws IOException {
        var entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, name, content.length);
        entry.setMode(mode);
        // The same ingredients make the same file.
        entry.setTime(0);
        archive.putArchiveEntry(entry);
        archive.write(content);
        archive.closeArchiveEntry();
    }
}
