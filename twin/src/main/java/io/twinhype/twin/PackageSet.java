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
 * The packages of one kernel, all of one version.
 *
 * @param series the series, such as 6.1
 * @param release what {@code uname -r} says, such as 6.1.0-56-amd64
 * @param version the version of every package
 * @param packages image, headers of the release, headers common to a release's flavours, kbuild, source
 */
public record PackageSet(String series, String release, String version, List<DebianPackage> packages) {
    public PackageSet {
        packages = List.copyOf(packages);
    }

    /** Matches the names of the packages that can be part of a set, and no other flavour (cloud, rt, unsigned, dbg). */
    static Pattern names(String series) {
        String number = Pattern.quote(series);
        return Pattern.compile("linux-image-" + number + "\\.0-\\d+-amd64|linux-headers-" + number
                + "\\.0-\\d+-(amd64|common)|linux-kbuild-" + number + "|linux-source-" + number);
    }

    /** Finds every set that is complete in one version among the packages a mirror has. */
    static List<PackageSet> complete(String series, Collection<DebianPackage> available) {
        Pattern image = Pattern.compile("linux-image-(" + Pattern.quote(series) + "\\.0-\\d+)-amd64");
        Set<PackageSet> sets = new HashSet<>();
        for (DebianPackage candidate : available) {
            Matcher match = image.matcher(candidate.name());
            if (match.matches()) {
                set(series, match.group(1), candidate.version(), available).ifPresent(sets::add);
            }
        }
        return List.copyOf(sets);
    }

    private static Optional<PackageSet> set(
            String series, String abi, String version, Collection<DebianPackage> available) {
        List<DebianPackage> found = new ArrayList<>();
        for (String name : List.of(
                "linux-image-" + abi + "-amd64",
                "linux-headers-" + abi + "-amd64",
                "linux-headers-" + abi + "-common",
                "linux-kbuild-" + series,
                "linux-source-" + series)) {
            Optional<DebianPackage> part = available.stream()
                    .filter(other ->
                            other.name().equals(name) && other.version().equals(version))
                    .findFirst();
            if (part.isEmpty()) {
                return Optional.empty();
            }
            found.add(part.get());
        }
        return Optional.of(new PackageSet(series, abi + "-amd64", version, found));
    }
}
