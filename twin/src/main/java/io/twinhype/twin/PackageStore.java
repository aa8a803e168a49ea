package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A set of Debian packages in a directory of the cache, and what they hold, unpacked below one root and not installed. What
 * is there is compared with what was recorded when it was fetched; a damaged part is named and replaced, from the cached
 * packages where they are sound, else from the mirror.
 */
final class PackageStore {
    private static final String MANIFEST = "twinhype-packages.json";
    private static final String FILES = "twinhype-files.tsv";

    /** Seen: 75 MiB of package lists and apt's cache of them. */
    private static final long LISTS_BYTES = 128L << 20;
    /** Seen: 213 MiB of a kernel's packages are 610 MiB unpacked, 65 MiB of a toolchain's 260 MiB. */
    private static final int UNPACKED_AND_PACKED = 5;

    private final Path directory;
    private final Contents contents;
    private final MirrorSource mirrors;
    private final Progress progress;

    /** Where to look for packages, as a seam for tests of an unreachable mirror. */
    @FunctionalInterface
    interface MirrorSource {
        DebianMirror mirror(String suite, Path directory) throws IOException, TwinException, InterruptedException;
    }

    /** What the store is for. */
    interface Contents {
        /** What the user knows it as: "kernel" or "toolchain". */
        String noun();

        /** Which of its kind it is, such as 6.1. */
        String key();

        /** The Debian release it comes from. */
        String suite();

        /** The newest packages that the mirror has of it. */
        PackageSet newest(DebianMirror mirror) throws IOException, TwinException, InterruptedException;

        /** Makes unpacked packages usable where they are. */
        void finish(Path root, PackageSet set) throws IOException;
    }

    /**
     * Unpacked packages.
     *
     * @param root the directory that stands for / in them
     */
    record Unpacked(Path root, PackageSet set) {}

    PackageStore(Path directory, Contents contents, MirrorSource mirrors, Progress progress) {
        this.directory = directory;
        this.contents = contents;
        this.mirrors = mirrors;
        this.progress = progress;
    }

    /** What is cached, fetched if there is nothing. With a sound cache, no network is used. */
    Unpacked obtain() throws TwinException, InterruptedException {
        return working(workspace -> {
            Optional<Unpacked> cached = cached(false);
            return cached.isPresent() ? cached.get() : restore(workspace);
        });
    }

    /** The newest that the mirror has complete; without a mirror, what is cached, every byte of which is checked. */
    Unpacked refresh() throws TwinException, InterruptedException {
        return working(workspace -> {
            Optional<Unpacked> cached = cached(true);
            if (cached.isEmpty()) {
                return restore(workspace);
            }
            try {
                return fetch(workspace, cached);
            } catch (KernelFetchException e) {
                progress.note(e.sentence());
                PackageSet set = cached.get().set();
                progress.note("Using the cached " + contents.noun() + " " + set.release() + ", version " + set.version()
                        + ".");
                return cached.get();
            }
        });
    }

    private interface Work {
        Unpacked in(Workspace workspace) throws IOException, TwinException, InterruptedException;
    }

    private Unpacked working(Work work) throws TwinException, InterruptedException {
        return new Steps(progress, directory).quietly("Obtaining " + name(), () -> {
            try (Workspace workspace = Workspace.in(directory, progress)) {
                return work.in(workspace);
            }
        });
    }

    /** What is unpacked, if it is what was recorded; else says what is wrong with it. */
    private Optional<Unpacked> cached(boolean thorough) throws IOException, InterruptedException {
        Path root = root();
        if (!Files.exists(root)) {
            return Optional.empty();
        }
        Optional<String> damage;
        try {
            PackageSet set = Json.read(root.resolve(MANIFEST), PackageSet.class);
            damage = FileRecord.difference(
                    FileRecord.read(root.resolve(FILES)), root, thorough, Set.of(MANIFEST, FILES));
            if (damage.isEmpty()) {
                return Optional.of(new Unpacked(root, set));
            }
        } catch (IOException e) {
            damage = Optional.of("its record can't be read (" + e.getMessage() + ")");
        }
        progress.note(
                "The cached " + contents.noun() + " in " + root + " is damaged: " + damage.get() + ". It is replaced.");
        return Optional.empty();
    }

    /** Unpacks anew: the cached packages if they are all sound, else those of the mirror. */
    private Unpacked restore(Workspace workspace) throws IOException, TwinException, InterruptedException {
        Optional<PackageSet> packages = cachedPackages();
        if (packages.isPresent()) {
            progress.note(
                    "Unpacking the cached packages of version " + packages.get().version() + " again.");
            return unpack(packages.get(), workspace);
        }
        try {
            return fetch(workspace, Optional.empty());
        } catch (KernelFetchException e) {
            throw new KernelFetchException(
                    e.sentence() + " There is no sound " + name() + " in " + directory
                            + " to use instead; run this again when the package mirror can be reached.",
                    e);
        }
    }

    private Optional<PackageSet> cachedPackages() throws IOException {
        Path debs = packagesDirectory();
        if (!Files.exists(debs.resolve(MANIFEST))) {
            return Optional.empty();
        }
        try {
            PackageSet set = Json.read(debs.resolve(MANIFEST), PackageSet.class);
            for (DebianPackage each : set.packages()) {
                check(each, deb(debs, each));
            }
            return Optional.of(set);
        } catch (IOException | KernelFetchException e) {
            progress.note("The cached packages in " + debs + " are damaged: " + e.getMessage());
            return Optional.empty();
        }
    }

    private Unpacked fetch(Workspace workspace, Optional<Unpacked> cached)
            throws IOException, TwinException, InterruptedException {
        Steps steps = new Steps(progress, directory);
        PackageSet newest = steps.step("Asking the mirror for " + name(), () -> {
            Path apt = Files.createDirectories(directory.resolve("apt"));
            DiskFullException.require(LISTS_BYTES, apt);
            DebianMirror mirror = mirrors.mirror(contents.suite(), apt);
            mirror.update();
            return contents.newest(mirror);
        });
        if (cached.isPresent() && cached.get().set().packages().equals(newest.packages())) {
            return cached.get();
        }
        Path debs = Files.createDirectory(workspace.scratch().resolve("debs"));
        long bytes = newest.packages().stream().mapToLong(DebianPackage::size).sum();
        steps.act("Downloading version " + newest.version() + " (" + (bytes >> 20) + " MiB)", () -> {
            DiskFullException.require(bytes * UNPACKED_AND_PACKED, debs);
            DebianMirror mirror = mirrors.mirror(contents.suite(), directory.resolve("apt"));
            mirror.download(newest.packages(), debs);
            for (DebianPackage each : newest.packages()) {
                check(each, deb(debs, each));
            }
            Json.write(newest, debs.resolve(MANIFEST));
            Trees.replace(debs, packagesDirectory());
        });
        return unpack(newest, workspace);
    }

    private Unpacked unpack(PackageSet set, Workspace workspace) throws TwinException, InterruptedException {
        Steps steps = new Steps(progress, directory);
        return steps.step("Unpacking " + contents.noun() + " " + set.release(), () -> {
            Path fresh = Files.createDirectory(workspace.scratch().resolve("root"));
            for (DebianPackage each : set.packages()) {
                Path deb = deb(packagesDirectory(), each);
                Tool.Result result = new Tool(fresh, "dpkg-deb", "-x", deb.toString(), fresh.toString()).run();
                if (!result.succeeded()) {
                    throw DiskFullException.saidIn(result.errors())
                            ? new DiskFullException(fresh)
                            : new KernelFetchException("dpkg-deb could not unpack " + deb + ": "
                                    + result.errors().strip());
                }
            }
            contents.finish(fresh, set);
            FileRecord.write(FileRecord.of(fresh), fresh.resolve(FILES));
            Json.write(set, fresh.resolve(MANIFEST));
            Trees.replace(fresh, root());
            return new Unpacked(root(), set);
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

    private String name() {
        return contents.noun() + " " + contents.key();
    }

    private Path root() {
        return directory.resolve("root");
    }

    private Path packagesDirectory() {
        return directory.resolve("debs");
    }
}
