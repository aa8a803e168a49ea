package io.twinhype.lab;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The programs and files of this machine that a lab under Bochs is made with.
 *
 * @param cache a directory for what is worth keeping from run to run; need not exist
 */
record BochsTools(
        Path bochs, Path script, Path setpriv, Path mkrescue, Path busybox, Path bios, Path vgaBios, Path cache) {
    /** Finds them: programs as an environment's {@code PATH} says, files where Debian's packages put them. */
    static BochsTools in(Map<String, String> environment) throws LabException {
        return in(environment, Path.of("/usr"));
    }

    /** The same on a system whose {@code /usr} is elsewhere. */
    static BochsTools in(Map<String, String> environment, Path usr) throws LabException {
        String searchPath = environment.getOrDefault("PATH", "/usr/bin:/bin");
        Path bochs = LabTools.required("bochs-bin", "bochs", searchPath);
        // grub-mkrescue makes the image by means of these two, and says little if they are missing.
        LabTools.required("xorriso", "xorriso", searchPath);
        LabTools.required("mformat", "mtools", searchPath);
        file(usr, "lib/grub/i386-pc/cdboot.img", "grub-pc-bin");
        plugin(usr);
        return new BochsTools(
                bochs,
                LabTools.required("script", "bsdutils", searchPath),
                LabTools.required("setpriv", "util-linux", searchPath),
                LabTools.required("grub-mkrescue", "grub-common", searchPath),
                LabTools.busybox(searchPath),
                file(usr, "share/bochs/BIOS-bochs-latest", "bochsbios"),
                file(usr, "share/vgabios/vgabios.bin", "vgabios"),
                LabTools.cache(environment));
    }

    private static Path file(Path usr, String name, String debianPackage) throws LabException {
        Path file = usr.resolve(name);
        if (!Files.isReadable(file)) {
            throw missing(file, debianPackage);
        }
        return file;
    }

    /** Bochs' screen in a terminal, the only one of its screens that needs neither a display nor somebody who looks. */
    private static void plugin(Path usr) throws LabException {
        Path library = usr.resolve("lib");
        try (DirectoryStream<Path> architectures = Files.newDirectoryStream(library)) {
            for (Path directory : architectures) {
                if (Files.exists(directory.resolve("bochs/plugins/libbx_term_gui.so"))) {
                    return;
                }
            }
        } catch (IOException e) {
            throw new LabException.Unprepared("Cannot read " + library + ": " + e + ".", e);
        }
        throw missing(library.resolve("bochs/plugins/libbx_term_gui.so"), "bochs-term");
    }

    private static LabException.Unprepared missing(Path file, String debianPackage) {
        return new LabException.Unprepared("The file " + file + ", which the lab under Bochs needs, is missing: install"
                + " the Debian package " + debianPackage + " (`apt-get install " + debianPackage + "`).");
    }
}
