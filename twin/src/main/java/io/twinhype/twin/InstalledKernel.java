package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A kernel that is installed on a host, and what modules for exactly this kernel are built from: the host's own headers and
 * source where its packages are all of one version, else the packages of the cache, if they are the same kernel.
 *
 * @param root the host's /
 * @param release what {@code uname -r} says, such as 6.1.0-56-amd64
 */
public record InstalledKernel(Path root, String release) {
    private static final Pattern SERIES = Pattern.compile("(\\d+\\.\\d+)\\..*");
    /** The states of dpkg(1) in which a package's files are there; a kernel's hooks run before its package is "installed". */
    private static final Pattern PRESENT =
            Pattern.compile("(installed|unpacked|half-configured|triggers-awaited|triggers-pending) (.+)");

    private static final Path WITNESS = Path.of("kernel/virt/lib");

    public InstalledKernel {
        root = root.toAbsolutePath().normalize();
    }

    /** Where this kernel has its modules. */
    public Path modulesDirectory() {
        return root.resolve("lib/modules").resolve(release);
    }

    /** The series, if there are edits for it. */
    public KernelSeries series() throws KernelFetchException {
        Matcher match = SERIES.matcher(release);
        if (!match.matches()) {
            throw new KernelFetchException("\"" + release
                    + "\" is not a kernel's release; name one as `uname -r` prints it, such as 6.1.0-56-amd64.");
        }
        return KernelSeries.of(match.group(1));
    }

    /**
     * The packages to build modules for this kernel from.
     *
     * @throws TwinException if there are none of exactly its version
     */
    public KernelTree packages(TwinCache cache, Progress progress) throws TwinException, InterruptedException {
        if (!Files.isDirectory(modulesDirectory().resolve("kernel"))) {
            throw new KernelFetchException("Kernel " + release + " is not installed: there are no modules in "
                    + modulesDirectory() + ". Name an installed kernel with --kernel-release; " + releases());
        }
        KernelSeries series = series();
        return new Steps(progress, cache.directory()).quietly("Looking for the packages of " + release, () -> {
            Optional<String> image = version("linux-image-" + release);
            if (image.isPresent() && root.equals(root.getRoot()) && hasHeaders()) {
                return installed(series, image.get(), cache, progress);
            }
            return fetched(series, image, cache, progress);
        });
    }

    /** Whether headers for it are installed, too. */
    public boolean hasHeaders() {
        return Files.isReadable(headers().resolve("Module.symvers"));
    }

    private Path headers() {
        return root.resolve("usr/src/linux-headers-" + release);
    }

    private KernelTree installed(KernelSeries series, String image, TwinCache cache, Progress progress)
            throws IOException, TwinException, InterruptedException {
        String headers = version("linux-headers-" + release).orElse("none");
        if (!headers.equals(image)) {
            throw new KernelFetchException(
                    "Kernel " + release + " is of version " + image + ", but its headers are of version " + headers
                            + "; type apt-get install linux-headers-" + release + "=" + image);
        }
        String sourcePackage = "linux-source-" + series.number();
        Path source = root.resolve("usr/src/" + sourcePackage + ".tar.xz");
        List<DebianPackage> packages = new ArrayList<>();
        for (String name : List.of("linux-image-" + release, "linux-headers-" + release)) {
            packages.add(described(name, image));
        }
        if (version(sourcePackage).equals(Optional.of(image)) && Files.isReadable(source)) {
            packages.add(described(sourcePackage, image));
        } else {
            KernelTree other = sameVersion(series, image, cache, progress, sourcePackage);
            source = other.sourceTarball();
            other.packages().stream()
                    .filter(each -> each.name().equals(sourcePackage))
                    .forEach(packages::add);
        }
        return new KernelTree(
                series.number(),
                release,
                image,
                root,
                root.resolve("boot/vmlinuz-" + release),
                modulesDirectory(),
                headers(),
                source,
                packages);
    }

    private static KernelTree sameVersion(
            KernelSeries series, String version, TwinCache cache, Progress progress, String sourcePackage)
            throws TwinException, InterruptedException {
        KernelPackages packages = new KernelPackages(cache, progress);
        KernelTree tree = packages.obtain(series);
        if (!tree.version().equals(version)) {
            tree = packages.refresh(series);
        }
        if (!tree.version().equals(version)) {
            throw new KernelFetchException("The kernel is of version " + version
                    + ", but the only source at hand is of version "
                    + tree.version() + ", and hypervisors must be built from the kernel's own; type apt-get install "
                    + sourcePackage + "=" + version);
        }
        return tree;
    }

    private KernelTree fetched(KernelSeries series, Optional<String> image, TwinCache cache, Progress progress)
            throws IOException, TwinException, InterruptedException {
        KernelPackages packages = new KernelPackages(cache, progress);
        KernelTree tree = packages.obtain(series);
        if (!isThisKernel(tree)) {
            tree = packages.refresh(series);
        }
        if (!isThisKernel(tree)) {
            throw new KernelFetchException("Kernel " + release
                    + image.map(version -> ", version " + version + ",").orElse("")
                    + " is not the one whose packages are at hand (" + tree.release() + ", version " + tree.version()
                    + "); install its headers and source (apt-get install linux-headers-" + release + " linux-source-"
                    + series.number() + "), or that kernel.");
        }
        return tree;
    }

    /** The same build of the kernel, not only of its name: each build signs its modules with a key of its own. */
    boolean isThisKernel(KernelTree tree) throws IOException {
        if (!tree.release().equals(release)) {
            return false;
        }
        Path here = modulesDirectory().resolve(WITNESS);
        Path there = tree.modulesDirectory().resolve(WITNESS);
        try (Stream<Path> files = Files.list(there)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path same = here.resolve(file.getFileName());
                if (Files.isRegularFile(same)) {
                    return Files.mismatch(file, same) < 0;
                }
            }
        }
        return false;
    }

    /** The version of a package of the host that is there, configured or not. */
    private Optional<String> version(String name) throws IOException, TwinException, InterruptedException {
        Path database = root.resolve("var/lib/dpkg");
        if (!Files.exists(database.resolve("status")) || !Tool.isInstalled("dpkg-query")) {
            return Optional.empty();
        }
        Tool.Result result = new Tool(
                        Path.of("/"),
                        "dpkg-query",
                        "--admindir=" + database,
                        "-W",
                        "-f=${db:Status-Status} ${Version}",
                        name)
                .run();
        Matcher match = PRESENT.matcher(result.output().strip());
        return result.succeeded() && match.matches() ? Optional.of(match.group(2)) : Optional.empty();
    }

    /** dpkg does not keep the hash of a package; that of its list of file hashes stands for it. */
    private DebianPackage described(String name, String version) throws IOException {
        try (Stream<Path> files = Files.list(root.resolve("var/lib/dpkg/info"))) {
            List<Path> sums = files.filter(
                            file -> file.getFileName().toString().matches(Pattern.quote(name) + "(:\\w+)?\\.md5sums"))
                    .toList();
            return new DebianPackage(name, version, sums.isEmpty() ? "" : Sha256.of(sums.getFirst()), 0);
        }
    }

    private String releases() {
        try (Stream<Path> directories = Files.list(root.resolve("lib/modules"))) {
            List<String> found = directories
                    .filter(directory -> Files.isDirectory(directory.resolve("kernel")))
                    .map(directory -> directory.getFileName().toString())
                    .sorted()
                    .toList();
            return found.isEmpty() ? "there is none here." : "here: " + String.join(", ", found) + ".";
        } catch (IOException e) {
            return "there is none here.";
        }
    }
}
