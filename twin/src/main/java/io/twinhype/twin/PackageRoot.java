package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;

/** Makes packages that expect to be installed at / work below any directory. */
final class PackageRoot {
    private PackageRoot() {}

    /**
     * Makes the links into usr/ that an installed Debian has, for the directories that the packages did not bring: since
     * Debian 13 they put everything below usr/ (UsrMerge).
     */
    static void mergeUsr(Path root) throws IOException {
        for (String name : List.of("bin", "lib", "lib64", "sbin")) {
            Path link = root.resolve(name);
            if (Files.isDirectory(root.resolve("usr").resolve(name))
                    && !Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
                Files.createSymbolicLink(link, Path.of("usr", name));
            }
        }
    }

    /**
     * Replaces the absolute references among a kernel's packages with relative ones: the flavour's Makefile, which includes
     * the common one, and the links from the modules to headers and source.
     */
    static void relocate(Path root, String release) throws IOException {
        mergeUsr(root);
        Path makefile = root.resolve("usr/src/linux-headers-" + release + "/Makefile");
        String text = Files.readString(makefile);
        String include = "include /usr/src/";
        if (!text.contains(include)) {
            throw new IOException(makefile + " does not include the common headers' Makefile from /usr/src");
        }
        Files.writeString(makefile, text.replace(include, "include $(dir $(lastword $(MAKEFILE_LIST)))../"));
        Path modules = root.resolve("lib/modules/" + release);
        for (String name : List.of("build", "source")) {
            Path link = modules.resolve(name);
            if (!Files.isSymbolicLink(link)) {
                continue;
            }
            Path target = Files.readSymbolicLink(link);
            if (target.isAbsolute()) {
                Files.delete(link);
                Path inRoot = root.resolve(target.toString().substring(1));
                Files.createSymbolicLink(link, modules.relativize(inRoot));
            }
        }
    }
}
