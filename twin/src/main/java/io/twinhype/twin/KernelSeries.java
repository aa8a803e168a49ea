package io.twinhype.twin;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The kernel series for which edits exist, and the Debian release that packages each. */
public enum KernelSeries {
    V6_1("6.1", "bookworm");

    private final String number;
    private final String suite;

    KernelSeries(String number, String suite) {
        this.number = number;
        this.suite = suite;
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

    @Override
    public String toString() {
        return number;
    }
}
