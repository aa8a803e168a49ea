package io.twinhype.lab;

import io.twinhype.kmod.KernelModule;
import io.twinhype.kmod.KernelModuleException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/**
 * The bootable disk of a lab under Bochs: a boot loader (GRUB), the kernel, and a first file system that is also the last.
 *
 * @param modules to load before the command, in order
 * @param words the command
 */
record BochsImage(BochsTools tools, BochsSpec spec, List<ModuleToLoad> modules, List<String> words) {
    /**
     * nokaslr: the kernel is not relocated; tsc=reliable: the clock is not compared with others; oops=panic: after an oops
     * nothing counts any more, and the lab need not wait for its time limit; panic=0: a kernel that panics stands still, for
     * us to see.
     */
    private static final String KERNEL_ARGUMENTS =
            "console=ttyS0,115200 ignore_loglevel nokaslr mitigations=off tsc=reliable oops=panic" + " panic=0";

    static BochsImage of(BochsTools tools, BochsSpec spec, List<String> words) throws LabException {
        try {
            return new BochsImage(
                    tools, spec, ModuleToLoad.inOrder(spec.kernel().packaged(), spec.modules(), Set.of()), words);
        } catch (KernelModuleException e) {
            throw new LabException.Unprepared(e.getMessage(), e);
        }
    }

    /** Makes the disk in a directory. */
    void writeTo(Path directory) throws LabException, InterruptedException {
        Path boot = directory.resolve("disk/boot");
        try {
            Files.createDirectories(boot.resolve("grub"));
            Files.copy(kernel(), boot.resolve("kernel"));
            writeInitramfs(boot.resolve("initramfs"));
            Files.writeString(
                    boot.resolve("grub/grub.cfg"),
                    "set timeout=0\nlinux /boot/kernel " + KERNEL_ARGUMENTS + "\ninitrd /boot/initramfs\nboot\n");
            makeDisk(directory);
            for (Path file : List.of(boot.resolve("kernel"), boot.resolve("initramfs"))) {
                Files.delete(file);
            }
        } catch (KernelModuleException e) {
            throw new LabException.Unprepared(e.getMessage(), e);
        } catch (IOException e) {
            throw new LabException.Unprepared(
                    "The lab's disk cannot be written to " + directory + " (" + e
                            + "). Free some space (it takes 150 MB), or set TMPDIR.",
                    e);
        }
    }

    /** Unpacked, if that can be done here; else Bochs does it, which only takes longer. */
    private Path kernel() throws LabException {
        Path unpacked = KernelImage.bootable(spec.kernel(), tools.cache());
        if (unpacked.equals(spec.kernel().image())) {
            return unpacked;
        }
        try {
            return FlatKernel.of(spec.kernel(), unpacked, tools.cache());
        } catch (IOException e) {
            return spec.kernel().image();
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new LabException.Unprepared(
                    "The kernel " + spec.kernel().image() + " is not what a kernel looks like (" + e.getMessage()
                            + "): fetch it again.",
                    e);
        }
    }

    private void writeInitramfs(Path archive) throws IOException, LabException, KernelModuleException {
        try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(archive), 1 << 20);
                CpioArchiveOutputStream cpio = new CpioArchiveOutputStream(file, CpioConstants.FORMAT_NEW)) {
            Set<String> directories = new HashSet<>();
            for (String directory : List.of("bin", "dev", "lab", "lab/ko")) {
                addDirectory(cpio, directory, directories);
            }
            Initramfs.add(cpio, "bin/busybox", Initramfs.PROGRAM, Files.readAllBytes(tools.busybox()));
            Initramfs.add(cpio, "init", Initramfs.PROGRAM, Initramfs.resource("bochs-init.sh"));
            Initramfs.add(
                    cpio,
                    "lab/command",
                    Initramfs.FILE,
                    ("exec " + ShellWords.quote(words) + "\n").getBytes(StandardCharsets.UTF_8));
            Initramfs.add(
                    cpio,
                    "lab/settings",
                    Initramfs.FILE,
                    ("CPUS=" + spec.cpus() + "\n").getBytes(StandardCharsets.UTF_8));
            Map<String, Path> contents = new TreeMap<>();
            Initramfs.add(cpio, "lab/modules", Initramfs.FILE, Initramfs.list(modules, 0, contents));
            for (Map.Entry<String, Path> module : contents.entrySet()) {
                Initramfs.add(cpio, "lab/ko/" + module.getKey(), Initramfs.FILE, KernelModule.elf(module.getValue()));
            }
            for (Map.Entry<String, Path> given : new TreeMap<>(spec.files()).entrySet()) {
                Path parent = Path.of(given.getKey()).getParent();
                if (parent != null) {
                    addDirectory(cpio, parent.toString(), directories);
                }
                byte[] content =
                        given.getKey().endsWith(".ko") ? KernelModule.elf(given.getValue()) : content(given.getValue());
                Initramfs.add(cpio, given.getKey(), Initramfs.PROGRAM, content);
            }
        }
    }

    /** A directory, after those that it is in; the kernel makes none by itself. */
    private static void addDirectory(CpioArchiveOutputStream cpio, String name, Set<String> done) throws IOException {
        Path parent = Path.of(name).getParent();
        if (parent != null) {
            addDirectory(cpio, parent.toString(), done);
        }
        if (done.add(name)) {
            Initramfs.add(cpio, name, Initramfs.DIRECTORY, new byte[0]);
        }
    }

    private static byte[] content(Path file) throws LabException {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new LabException.Unprepared(
                    "The file " + file + ", which the lab was to have, cannot be read (" + e + "): name another one.",
                    e);
        }
    }

    private void makeDisk(Path directory) throws IOException, LabException, InterruptedException {
        Path log = directory.resolve("grub-mkrescue.log");
        Process process = new ProcessBuilder(
                        tools.mkrescue().toString(),
                        "--output=" + directory.resolve(BochsMachine.IMAGE),
                        directory.resolve("disk").toString())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(log.toFile())
                .redirectErrorStream(true)
                .start();
        int status;
        try {
            status = process.waitFor();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            throw e;
        }
        if (status != 0 || !Files.exists(directory.resolve(BochsMachine.IMAGE))) {
            String said = String.join(" ", KernelComplaints.lines(log)).strip();
            throw new LabException.Unprepared("The lab's disk could not be made: grub-mkrescue ended with status "
                    + status + "; it said: " + said.substring(Math.max(0, said.length() - 300))
                    + ". Is the disk that holds " + directory + " full?");
        }
    }
}
