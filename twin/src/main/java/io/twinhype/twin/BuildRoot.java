package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Where the programs run that compile a kernel's modules: among this machine's files, or with the unpacked packages of
 * another Debian release as their root directory, in which they see the cache under its own path.
 */
public final class BuildRoot {
    private static final Path OS_RELEASE = Path.of("/etc/os-release");

    /**
     * In a mount namespace of its own (mount_namespaces(7)), so that nothing is left mounted however it ends. Everything
     * execs: the process that is told to end is the compiler's. $1: the root, $2: where to work, then what to show in it
     * under its own path, up to "--".
     */
    private static final String ENTER = """
            set -e
            root=$1 directory=$2
            shift 2
            while [ "$1" != -- ]; do
                mkdir -p "$root$1"
                mount --rbind "$1" "$root$1"
                shift
            done
            shift
            mount --rbind /dev "$root/dev"
            mount --rbind /proc "$root/proc"
            mount -t tmpfs -o mode=1777 tmp "$root/tmp"
            exec chroot "$root" /usr/bin/env -i -C "$directory" PATH=/usr/sbin:/usr/bin HOME=/ LC_ALL=C "$@"
            """;

    private final Set<Path> shown;
    private final Optional<PackageStore.Unpacked> other;

    private BuildRoot(Set<Path> shown, Optional<PackageStore.Unpacked> other) {
        this.shown = shown;
        this.other = other;
    }

    /**
     * Where modules for a kernel are compiled. Debian 12's compiler and C library serve its kernel, as do later ones; newer
     * kernels need the release they come from.
     */
    public static BuildRoot of(KernelTree kernel, TwinCache cache, Progress progress)
            throws TwinException, InterruptedException {
        return of(kernel, cache, progress, Toolchain::obtain);
    }

    /** The same with the newest programs that the package mirror has. */
    public static BuildRoot refresh(KernelTree kernel, TwinCache cache, Progress progress)
            throws TwinException, InterruptedException {
        return of(kernel, cache, progress, Toolchain::refresh);
    }

    @FunctionalInterface
    private interface Supply {
        PackageStore.Unpacked from(Toolchain toolchain) throws TwinException, InterruptedException;
    }

    private static BuildRoot of(KernelTree kernel, TwinCache cache, Progress progress, Supply supply)
            throws TwinException, InterruptedException {
        KernelSeries series = KernelSeries.of(kernel.series());
        if (isNative(series, new Steps(progress, OS_RELEASE))) {
            return new BuildRoot(Set.of(), Optional.empty());
        }
        Set<Path> shown = new TreeSet<>(List.of(cache.directory(), kernel.root()));
        BuildRoot root = new BuildRoot(shown, Optional.of(supply.from(new Toolchain(series.suite(), cache, progress))));
        return new Steps(progress, cache.directory()).quietly("Entering the toolchain", () -> root.enter(series));
    }

    /** Whether this machine's own programs compile for a series. */
    static boolean isNative(KernelSeries series, Steps steps) throws TwinException, InterruptedException {
        return steps.quietly(
                "Reading which Debian this is",
                () -> series == KernelSeries.V6_1
                        || codename(Files.readAllLines(OS_RELEASE)).equals(series.suite()));
    }

    /** VERSION_CODENAME of os-release(5), empty if it is not said. */
    static String codename(List<String> osRelease) {
        String key = "VERSION_CODENAME=";
        return osRelease.stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(key.length()).replace("\"", "").strip())
                .findFirst()
                .orElse("");
    }

    /** A program in this root. */
    Tool tool(List<String> command, Path directory) throws IOException {
        return other.isEmpty()
                ? new Tool(command, directory, Map.of())
                : new Tool(entering(command, directory, other.get().root()), directory, Map.of());
    }

    /** Whether this root has a program of that name. */
    boolean has(String program) {
        return other.isEmpty()
                ? Tool.isInstalled(program)
                : Files.isExecutable(other.get().root().resolve("usr/bin").resolve(program));
    }

    /** What of this root goes into a build's identity: the packages its programs come from. */
    List<DebianPackage> packages() {
        return other.map(unpacked -> unpacked.set().packages()).orElse(List.of());
    }

    /** What users are told of it. */
    public String description() {
        return other.map(unpacked -> "the toolchain of Debian " + unpacked.set().series() + " ("
                        + unpacked.set().release() + " " + unpacked.set().version() + ")")
                .orElse("this machine's toolchain");
    }

    private List<String> entering(List<String> command, Path directory, Path root) throws IOException {
        List<String> whole = new ArrayList<>(List.of("unshare", "--mount"));
        if (!isRoot()) {
            whole.add("--map-root-user");
        }
        whole.addAll(List.of("sh", "-c", ENTER, "enter", root.toString(), directory.toString()));
        shown.forEach(path -> whole.add(path.toString()));
        whole.add("--");
        whole.addAll(command);
        return whole;
    }

    /** Tries it once, to say what is missing in a sentence. */
    private BuildRoot enter(KernelSeries series) throws IOException, TwinException, InterruptedException {
        Tool.Result result = tool(List.of("true"), Path.of("/")).run();
        if (!result.succeeded()) {
            throw refusal(series, result);
        }
        return this;
    }

    static BuildException refusal(KernelSeries series, Tool.Result result) {
        return new BuildException("Modules for kernel " + series + " are compiled by the toolchain of Debian "
                + series.suite() + " in a mount namespace, which can't be made here ("
                + result.errors().lines().findFirst().orElse("exit status " + result.status())
                + "): build as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or build on"
                + " Debian " + series.suite() + ".");
    }

    private static boolean isRoot() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    }
}
