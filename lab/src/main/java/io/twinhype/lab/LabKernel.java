package io.twinhype.lab;

import io.twinhype.kmod.KernelModuleException;
import io.twinhype.kmod.PackagedModules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A distribution kernel, unpacked from its package and not installed, that the lab boots.
 *
 * @param release what {@code uname -r} says in it, for instance {@code 6.1.0-56-amd64}
 * @param image the bootable image ({@code vmlinuz-RELEASE})
 * @param modulesDirectory its {@code lib/modules/RELEASE}
 */
public record LabKernel(String release, Path image, Path modulesDirectory) {
    /**
     * Finds the one kernel in a directory of unpacked packages, which holds {@code boot/} and {@code lib/modules/}.
     *
     * @throws LabException.Unprepared if there is none, or more than one
     */
    public static LabKernel unpackedIn(Path root) throws LabException {
        Path boot = root.resolve("boot");
        List<Path> images;
        if (!Files.isDirectory(boot)) {
            throw new LabException.Unprepared("There is no unpacked kernel in " + root
                    + " (it has no directory boot/): fetch it with `twinhype kernel fetch`.");
        }
        try (Stream<Path> files = Files.list(boot)) {
            images = files.filter(file -> file.getFileName().toString().startsWith("vmlinuz-"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new LabException.Unprepared("Cannot read " + boot + ": " + e.getMessage() + ".", e);
        }
        if (images.size() != 1) {
            throw new LabException.Unprepared("There should be exactly one vmlinuz-* in " + boot + " but there are "
                    + images.size() + ": remove " + root + " and fetch it again with `twinhype kernel fetch`.");
        }
        Path image = images.getFirst();
        String release = image.getFileName().toString().substring("vmlinuz-".length());
        return new LabKernel(release, image, root.resolve("lib/modules").resolve(release)).checked();
    }

    /** This kernel, once its files have been seen to be there. */
    LabKernel checked() throws LabException {
        if (!Files.isReadable(image)) {
            throw new LabException.Unprepared("The kernel image " + image + " cannot be read: fetch it again.");
        }
        if (!Files.isDirectory(modulesDirectory)) {
            throw new LabException.Unprepared("The modules of kernel " + release + " are not in " + modulesDirectory
                    + ": unpack its package again.");
        }
        return this;
    }

    /**
     * The stock module of this name, out of the kernel's package.
     *
     * @param name as {@code lsmod} shows it or as its file is called; {@code -} and {@code _} are the same
     * @throws LabException.Unprepared if the package has no such module
     */
    public ModuleToLoad module(String name) throws LabException {
        try {
            return new ModuleToLoad(packaged().file(name), "");
        } catch (KernelModuleException e) {
            throw new LabException.Unprepared(e.getMessage(), e);
        }
    }

    PackagedModules packaged() throws LabException {
        checked();
        try {
            return PackagedModules.in(modulesDirectory);
        } catch (KernelModuleException e) {
            throw new LabException.Unprepared(e.getMessage(), e);
        }
    }
}
