package io.twinhype.twin;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Packages that belong together: those of one kernel, or those of a toolchain.
 *
 * @param series the kernel's series, such as 6.1; for a toolchain, the Debian release
 * @param release what {@code uname -r} says, such as 6.1.0-56-amd64; for a toolchain, its chief package
 * @param version the version of every package of a kernel; for a toolchain, that of its chief package
 * @param packages of a kernel: image, headers of the release, headers common to a release's flavours, kbuild, source
 */
public record PackageSet(String series, String release, String version, List<DebianPackage> packages) {
    private static final String FLAVOUR = "amd64";

    public PackageSet {
        packages = List.copyOf(packages);
    }

    /** Matches the names of the packages that can be part of a set, and no other flavour (cloud, rt, unsigned, dbg). */
    static Pattern names(KernelSeries series) {
        String abi = series.abi().pattern();
        return Pattern.compile("linux-image-" + abi + "-" + FLAVOUR + "|linux-headers-" + abi + "-(" + FLAVOUR
                + "|common)|linux-kbuild-(" + abi + "|" + Pattern.quote(series.number()) + ")|linux-source-"
                + Pattern.quote(series.number()));
    }

    /** Finds every set that is complete in one version among the packages a mirror has. */
    static List<PackageSet> complete(KernelSeries series, Collection<DebianPackage> available) {
        Pattern image = Pattern.compile("linux-image-(?<abi>" + series.abi().pattern() + ")-" + FLAVOUR);
        Set<PackageSet> sets = new HashSet<>();
        for (DebianPackage candidate : available) {
            Matcher match = image.matcher(candidate.name());
            if (match.matches()) {
                set(series, match.group("abi"), candidate.version(), available).ifPresent(sets::add);
            }
        }
        return List.copyOf(sets);
    }

    private static Optional<PackageSet> set(
            KernelSeries series, String abi, String version, Collection<DebianPackage> available) {
        List<DebianPackage> found = new ArrayList<>();
        for (String name : List.of(
                "linux-image-" + abi + "-" + FLAVOUR,
                "linux-headers-" + abi + "-" + FLAVOUR,
                "linux-headers-" + abi + "-common",
                series.kbuildPackage(abi),
                "linux-source-" + series.number())) {
            Optional<DebianPackage> part = available.stream()
                    .filter(other ->
                            other.name().equals(name) && other.version().equals(version))
                    .findFirst();
            if (part.isEmpty()) {
                return Optional.empty();
            }
            found.add(part.get());
        }
        return Optional.of(new PackageSet(series.number(), abi + "-" + FLAVOUR, version, found));
    }
}
