package io.twinhype.twin;

import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The kernel series for which edits exist, and the Debian release that packages each. */
public enum KernelSeries {
    /** Packages such as linux-image-6.1.0-56-amd64, with one linux-kbuild-6.1 for the series. */
    V6_1("6.1", "bookworm", "6\\.1\\.0-\\d+", false),
    /** Packages such as linux-image-6.12.117+deb13-amd64, each with a linux-kbuild-6.12.117+deb13 of its own. */
    V6_12("6.12", "trixie", "6\\.12\\.\\d+\\+deb13(\\.\\d+)?", true);

    private final String number;
    private final String suite;
    private final String abi;
    private final boolean kbuildPerAbi;

    KernelSeries(String number, String suite, String abi, boolean kbuildPerAbi) {
        this.number = number;
        this.suite = suite;
        this.abi = abi;
        this.kbuildPerAbi = kbuildPerAbi;
    }

    /** The series of that number, such as "6.1". */
    public static KernelSeries of(String number) throws KernelFetchException {
        for (KernelSeries series : values()) {
            if (series.number.equals(number)) {
                return series;
            }
        }
        throw new KernelFetchException("There are no edits for kernel series " + number + "; choose one of: "
                + Arrays.stream(values()).map(KernelSeries::number).collect(Collectors.joining(", ")) + ".");
    }

    /** The series as users write it, such as "6.1". */
    public String number() {
        return number;
    }

    /** The code name of the Debian release whose packages are used. */
    public String suite() {
        return suite;
    }

    /** Matches what the packages' names have for the ABI: the release without its flavour, such as 6.1.0-56. */
    Pattern abi() {
        return Pattern.compile(abi);
    }

    /** The package of the kernel's build tools for an ABI. */
    String kbuildPackage(String ofAbi) {
        return "linux-kbuild-" + (kbuildPerAbi ? ofAbi : number);
    }

    @Override
    public String toString() {
        return number;
    }
}
