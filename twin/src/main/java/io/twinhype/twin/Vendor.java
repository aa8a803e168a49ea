package io.twinhype.twin;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The two ways in which x86 processors virtualize; a hypervisor is built for one of them, the base serves both. */
public enum Vendor {
    /** AMD's, as the kernel's kvm-amd.ko. */
    SVM,
    /** Intel's, as the kernel's kvm-intel.ko. */
    VMX;

    /** The vendor that users call svm or vmx, in either case. */
    public static Optional<Vendor> named(String name) {
        return Arrays.stream(values())
                .filter(vendor -> vendor.name().equalsIgnoreCase(name))
                .findFirst();
    }

    /** The name that make, the edits and the flags of {@code /proc/cpuinfo} have for it: svm or vmx. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The vendor of a processor.
     *
     * @param cpuinfo the text of {@code /proc/cpuinfo}
     * @return none where the processor, its firmware or a hypervisor under it offers neither
     */
    public static Optional<Vendor> ofProcessor(String cpuinfo) {
        return cpuinfo.lines()
                .filter(line -> line.startsWith("flags"))
                .findFirst()
                .flatMap(flags -> Arrays.stream(flags.split("\\s+"))
                        .flatMap(flag -> named(flag).stream())
                        .findFirst());
    }
}
