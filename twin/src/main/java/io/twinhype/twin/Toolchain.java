package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;

/**
 * The programs that compile a kernel's modules, as packages of the Debian release that built the kernel, for hosts of
 * another release: the kernel's own build tools (modpost, objtool) need that release's C library, and its headers that
 * release's gcc. Their maintainer scripts are not run; the programs need none of what those do but one link.
 */
final class Toolchain {
    private static final String COMPILER = "gcc-14";

    /** What the kernel's Makefiles call, and the libraries of the programs in its linux-kbuild package. */
    private static final List<String> PACKAGES = List.of(
            COMPILER,
            "binutils",
            "make",
            "bash",
            "dash",
            "coreutils",
            "sed",
            "grep",
            "mawk",
            "findutils",
            "diffutils",
            "libelf1t64",
            "libssl3t64",
            "zlib1g");

    private final PackageStore store;

    Toolchain(String suite, TwinCache cache, Progress progress) {
        this(suite, cache, progress, DebianMirror::ofThisMachine);
    }

    Toolchain(String suite, TwinCache cache, Progress progress, PackageStore.MirrorSource mirrors) {
        store = new PackageStore(cache.toolchain(suite), new Programs(suite), mirrors, progress);
    }

    /** The cached programs, fetched if there are none, mended if they are damaged. */
    PackageStore.Unpacked obtain() throws TwinException, InterruptedException {
        return store.obtain();
    }

    /** The newest programs that the mirror has; without a mirror, the cached ones. */
    PackageStore.Unpacked refresh() throws TwinException, InterruptedException {
        return store.refresh();
    }

    private record Programs(String suite) implements PackageStore.Contents {
        @Override
        public String noun() {
            return "toolchain";
        }

        @Override
        public String key() {
            return suite;
        }

        @Override
        public PackageSet newest(DebianMirror mirror) throws IOException, TwinException, InterruptedException {
            List<DebianPackage> packages = mirror.withDependencies(PACKAGES);
            String version = packages.stream()
                    .filter(each -> each.name().equals(COMPILER))
                    .map(DebianPackage::version)
                    .findFirst()
                    .orElseThrow(
                            () -> new KernelFetchException("The mirror has no " + COMPILER + " in " + suite + "."));
            return new PackageSet(suite, COMPILER, version, packages);
        }

        @Override
        public void finish(Path root, PackageSet set) throws IOException {
            PackageRoot.mergeUsr(root);
            // What update-alternatives(1) does at installation.
            Path awk = root.resolve("usr/bin/awk");
            if (!Files.exists(awk, LinkOption.NOFOLLOW_LINKS)) {
                Files.createSymbolicLink(awk, Path.of("mawk"));
            }
            for (String mountPoint : List.of("dev", "proc", "tmp")) {
                Files.createDirectories(root.resolve(mountPoint));
            }
        }
    }
}
