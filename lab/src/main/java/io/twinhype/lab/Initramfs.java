package io.twinhype.lab;

import io.twinhype.kmod.KernelModule;
import io.twinhype.kmod.KernelModuleException;
import io.twinhype.kmod.PackagedModules;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/**
 * The lab's first file system: busybox, the modules, and two scripts, as the cpio archive that the kernel unpacks
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * @param drivers what the lab itself needs, in load order
 * @param modules what the caller wants loaded, in load order
 */
record Initramfs(Path busybox, List<ModuleToLoad> drivers, List<ModuleToLoad> modules, LabScript script) {
    /** Drivers of the lab's own machine, then what KVM modules and VMs with a network may need. */
    static final List<String> DRIVERS = List.of(
            "virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay", "irqbypass", "ccp", "tun", "vhost_net");

    static final int DIRECTORY = CpioConstants.C_ISDIR | 0755;
    static final int PROGRAM = CpioConstants.C_ISREG | 0755;
    static final int FILE = CpioConstants.C_ISREG | 0644;

    /** Works out what must be loaded, for a kernel: drivers first, then the caller's modules without those drivers. */
    static Initramfs of(LabKernel kernel, Path busybox, List<ModuleToLoad> wanted, LabScript script)
            throws LabException {
        PackagedModules packaged = kernel.packaged();
        try {
            List<Path> drivers = packaged.inLoadOrder(packaged.filesOf(DRIVERS));
            Set<String> loaded = drivers.stream().map(KernelModule::nameOf).collect(Collectors.toSet());
            List<ModuleToLoad> modules = ModuleToLoad.inOrder(packaged, wanted, loaded);
            return new Initramfs(
                    busybox, drivers.stream().map(ModuleToLoad::new).toList(), modules, script);
        } catch (KernelModuleException e) {
            throw new LabException.Unprepared(e.getMessage(), e);
        }
    }

    void writeTo(Path archive) throws IOException, KernelModuleException {
        try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(archive), 1 << 20);
                CpioArchiveOutputStream cpio = new CpioArchiveOutputStream(file, CpioConstants.FORMAT_NEW)) {
            for (String directory : List.of("bin", "dev", "lab", "lab/ko")) {
                add(cpio, directory, DIRECTORY, new byte[0]);
            }
            add(cpio, "bin/busybox", PROGRAM, Files.readAllBytes(busybox));
            add(cpio, "init", PROGRAM, resource("init.sh"));
            add(cpio, "lab/supervise.sh", FILE, resource("supervise.sh"));
            // Words of the command keep the bytes they had on the command line, whatever the locale.
            Charset platform = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
            add(cpio, "lab/command", FILE, script.commandFile().getBytes(platform));
            add(cpio, "lab/settings", FILE, script.settingsFile().getBytes(platform));
            Map<String, Path> files = new TreeMap<>();
            add(cpio, "lab/drivers", FILE, list(drivers, 0, files));
            add(cpio, "lab/modules", FILE, list(modules, drivers.size(), files));
            for (Map.Entry<String, Path> module : files.entrySet()) {
                add(cpio, "lab/ko/" + module.getKey(), FILE, KernelModule.elf(module.getValue()));
            }
        }
    }

    /** One line per module; a number in front of the file's name keeps files of the same name apart. */
    static byte[] list(List<ModuleToLoad> modules, int first, Map<String, Path> files) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < modules.size(); i++) {
            ModuleToLoad module = modules.get(i);
            String name =
                    (first + i) + "-" + KernelModule.elfName(module.file()).replaceAll("\\s", "_");
            files.put(name, module.file());
            lines.append(name).append(' ').append(module.parameters()).append('\n');
        }
        return lines.toString().getBytes(StandardCharsets.UTF_8);
    }

    static void add(CpioArchiveOutputStream cpio, String name, int mode, byte[] content) throws IOException {
        CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, name, content.length);
        entry.setMode(mode);
        cpio.putArchiveEntry(entry);
        cpio.write(content);
        cpio.closeArchiveEntry();
    }

    static byte[] resource(String name) {
        try (InputStream stream = Initramfs.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("The lab's own " + name + " is missing from its jar: build it again.");
            }
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
