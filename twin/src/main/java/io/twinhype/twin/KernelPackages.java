package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Obtains a kernel's image, modules, headers and source in one version as Debian packages, unpacked below the cache, not
 * installed. What is there is compared with what was recorded when it was fetched; a damaged part is named and replaced,
 * from the cached packages where they are sound, else from the mirror.
 */
public final class KernelPackages {
    private static final String MANIFEST = "twinhype-packages.json";
    private static final String FILES = "twinhype-files.tsv";

    /** Seen: 75 MiB of package lists and apt's cache of them. */
    private static final long LISTS_BYTES = 128L << 20;
    /** Seen: 213 MiB of packages are 610 MiB unpacked. */
    private static final int UNPACKED_AND_PACKED = 4;

    private final TwinCache cache;
    private final Progress progress;
    private final MirrorSource mirrors;

    /** Where to look for packages, as a seam for tests of an unreachable mirror. */
    @FunctionalInterface
    interface MirrorSource {
        DebianMirror mirror(String suite, Path directory) throws IOException, TwinException, InterruptedException;
    }

    public KernelPackages(TwinCache cache, Progress progress) {
        this(cache, progress, DebianMirror::ofThisMachine);
    }

    KernelPackages(TwinCache cache, Progress progress, MirrorSource mirrors) {
        this.cache = cache;
        this.progress = progress;
        this.mirrors = mirrors;
    }

    /** The cached kernel of a series, fetched if there is none. With a sound cache, no network is used. */
    public KernelTree obtain(KernelSeries series) throws TwinException, InterruptedException {
        return working(series, workspace -> {
            Optional<KernelTree> cached = cached(series, false);
            return cached.isPresent() ? cached.get() : restore(series, workspace);
        });
    }

    /**
     * The newest kernel of a series that the mirror has complete; without a mirror, the cached one, every byte of which is
     * checked.
     */
    public KernelTree refresh(KernelSeries series) throws TwinException, InterruptedException {
        return working(series, workspace -> {
            Optional<KernelTree> cached = cached(series, true);
            if (cached.isEmpty()) {
                return restore(series, workspace);
            }
            try {
                return fetch(series, workspace, cached);
            } catch (KernelFetchException e) {
                progress.note(e.sentence());
                progress.note("Using the cached kernel " + cached.get().release() + ", version "
                        + cached.get().version() + ".");
                return cached.get();
            }
        });
    }

    private interface Work {
        KernelTree in(Workspace workspace) throws IOException, TwinException, InterruptedException;
    }

    private KernelTree working(KernelSeries series, Work work) throws TwinException, InterruptedException {
        Path directory = cache.kernel(series.number());
        return new Steps(progress, directory).quietly("Obtaining kernel " + series, () -> {
            try (Workspace workspace = Workspace.in(directory, progress)) {
                return work.in(workspace);
            }
        });
    }

    /** The unpacked tree, if it is what was recorded; else says what is wrong with it. */
    private Optional<KernelTree> cached(KernelSeries series, boolean thorough)
            throws IOException, InterruptedException {
        Path root = root(series);
        if (!Files.exists(root)) {
            return Optional.empty();
        }
        Optional<String> damage;
        try {
            PackageSet set = Json.read(root.resolve(MANIFEST), PackageSet.class);
            damage = FileRecord.difference(
                    FileRecord.read(root.resolve(FILES)), root, thorough, Set.of(MANIFEST, FILES));
            if (damage.isEmpty()) {
                return Optional.of(KernelTree.in(root, set));
            }
        } catch (IOException e) {
            damage = Optional.of("its record can't be read (" + e.getMessage() + ")");
        }
        progress.note("The cached kernel in " + root + " is damaged: " + damage.get() + ". It is replaced.");
        return Optional.empty();
    }

    /** Makes the tree anew: from the cached packages if they are all sound, else from the mirror. */
    private KernelTree restore(KernelSeries series, Workspace workspace)
            throws IOException, TwinException, InterruptedException {
        Optional<PackageSet> packages = cachedPackages(series);
        if (packages.isPresent()) {
            progress.note(
                    "Unpacking the cached packages of version " + packages.get().version() + " again.");
            return unpack(packages.get(), series, workspace);
        }
        try {
            return fetch(series, workspace, Optional.empty());
        } catch (KernelFetchException e) {
            throw new KernelFetchException(
                    e.sentence() + " There is no sound kernel " + series + " in "
                            + cache.kernel(series.number())
                            + " to use instead; run this again when the package mirror can be reached.",
                    e);
        }
    }

    private Optional<PackageSet> cachedPackages(KernelSeries series) throws IOException {
        Path directory = packagesDirectory(series);
        if (!Files.exists(directory.resolve(MANIFEST))) {
            return Optional.empty();
        }
        try {
            PackageSet set = Json.read(directory.resolve(MANIFEST), PackageSet.class);
            for (DebianPackage each : set.packages()) {
                check(each, deb(directory, each));
            }
            return Optional.of(set);
        } catch (IOException | KernelFetchException e) {
            progress.note("The cached packages in " + directory + " are damaged: " + e.getMessage());
            return Optional.empty();
        }
    }

    private KernelTree fetch(KernelSeries series, Workspace workspace, Optional<KernelTree> cached)
            throws IOException, TwinException, InterruptedException {
        Path directory = cache.kernel(series.number());
        Steps steps = new Steps(progress, directory);
        PackageSet newest = steps.step("Asking the mirror for kernel " + series, () -> {
            Path apt = Files.createDirectories(directory.resolve("apt"));
            DiskFullException.require(LISTS_BYTES, apt);
            DebianMirror mirror = mirrors.mirror(series.suite(), apt);
            mirror.update();
            return newest(series, mirror.packages(PackageSet.names(series.number())));
        });
        if (cached.isPresent() && cached.get().packages().equals(newest.packages())) {
            return cached.get();
        }
        Path debs = Files.createDirectory(workspace.scratch().resolve("debs"));
        long bytes = newest.packages().stream().mapToLong(DebianPackage::size).sum();
        steps.act("Downloading version " + newest.version() + " (" + (bytes >> 20) + " MiB)", () -> {
            DiskFullException.require(bytes * UNPACKED_AND_PACKED, debs);
            DebianMirror mirror = mirrors.mirror(series.suite(), directory.resolve("apt"));
            mirror.download(newest.packages(), debs);
            for (DebianPackage each : newest.packages()) {
                check(each, deb(debs, each));
            }
            Json.write(newest, debs.resolve(MANIFEST));
            Trees.replace(debs, packagesDirectory(series));
        });
        return unpack(newest, series, workspace);
    }

    private PackageSet newest(KernelSeries series, List<DebianPackage> available)
            throws IOException, TwinException, InterruptedException {
        PackageSet newest = null;
        for (PackageSet set : PackageSet.complete(series.number(), available)) {
            if (newest == null || isNewer(set.version(), newest.version())) {
                newest = set;
            }
        }
        if (newest == null) {
            throw new KernelFetchException("The mirror has no version of kernel " + series
                    + " of which image, headers, kbuild and source are all there.");
        }
        return newest;
    }

    private static boolean isNewer(String version, String than)
            throws IOException, TwinException, InterruptedException {
        return new Tool(Path.of("/"), "dpkg", "--compare-versions", version, "gt", than)
                .run()
                .succeeded();
    }

    private KernelTree unpack(PackageSet set, KernelSeries series, Workspace workspace)
            throws TwinException, InterruptedException {
        Steps steps = new Steps(progress, cache.kernel(series.number()));
        return steps.step("Unpacking kernel " + set.release(), () -> {
            Path fresh = Files.createDirectory(workspace.scratch().resolve("root"));
            for (DebianPackage each : set.packages()) {
                Path deb = deb(packagesDirectory(series), each);
                Tool.Result result = new Tool(fresh, "dpkg-deb", "-x", deb.toString(), fresh.toString()).run();
                if (!result.succeeded()) {
                    throw DiskFullException.saidIn(result.errors())
                            ? new DiskFullException(fresh)
                            : new KernelFetchException("dpkg-deb could not unpack " + deb + ": "
                                    + result.errors().strip());
                }
            }
            PackageRoot.relocate(fresh, set.release());
            FileRecord.write(FileRecord.of(fresh), fresh.resolve(FILES));
            Json.write(set, fresh.resolve(MANIFEST));
            Trees.replace(fresh, root(series));
            return KernelTree.in(root(series), set);
        });
    }

    private static void check(DebianPackage expected, Path deb) throws IOException, KernelFetchException {
        if (!Sha256.of(deb).equals(expected.sha256())) {
            throw new KernelFetchException(deb + " is not the file that Debian's index describes.");
        }
    }

    /** The file apt made of a package: NAME_VERSION_ARCHITECTURE.deb, with an epoch's colon escaped. */
    private static Path deb(Path directory, DebianPackage wanted) throws IOException, KernelFetchException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> {
                        String name = file.getFileName().toString();
                        return name.startsWith(wanted.name() + "_") && name.endsWith(".deb");
                    })
                    .findFirst()
                    .orElseThrow(() -> new KernelFetchException(
                            "The package " + wanted.name() + " is missing in " + directory + "."));
        }
    }

    private Path root(KernelSeries series) {
        return cache.kernel(series.number()).resolve("root");
    }

    private Path packagesDirectory(KernelSeries series) {
        return cache.kernel(series.number()).resolve("debs");
    }
}
