package io.twinhype.twin;

import java.nio.file.Path;
import java.util.List;

/**
 * A kernel's packages, unpacked below one directory.
 *
 * @param series the series, such as 6.1
 * @param release what {@code uname -r} says on it, such as 6.1.0-56-amd64
 * @param version the version of all its packages, such as 6.1.192-2
 * @param root the directory that stands for / in the packages
 * @param vmlinuz the kernel image
 * @param modulesDirectory the modules, {@code lib/modules/RELEASE}
 * @param headers the headers to build modules against, {@code usr/src/linux-headers-RELEASE}
 * @param sourceTarball the source, {@code usr/src/linux-source-SERIES.tar.xz}
 * @param packages the packages all this comes from
 */
public record KernelTree(
        String series,
        String release,
        String version,
        Path root,
        Path vmlinuz,
        Path modulesDirectory,
        Path headers,
        Path sourceTarball,
        List<DebianPackage> packages) {
    public KernelTree {
        packages = List.copyOf(packages);
    }

    static KernelTree in(Path root, PackageSet set) {
        Path sources = root.resolve("usr/src");
        return new KernelTree(
                set.series(),
                set.release(),
                set.version(),
                root,
                root.resolve("boot/vmlinuz-" + set.release()),
                root.resolve("lib/modules/" + set.release()),
                sources.resolve("linux-headers-" + set.release()),
                sources.resolve("linux-source-" + set.series() + ".tar.xz"),
                set.packages());
    }
}
