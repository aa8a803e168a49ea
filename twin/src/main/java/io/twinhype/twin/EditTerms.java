package io.twinhype.twin;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What every edit states.
 *
 * @param name the name by which errors call it; unique within a kernel series
 * @param reason which collision between two copies of KVM it removes
 * @param files the files it changes, paths in the kernel's source
 * @param kernels the kernel series it is known for, with the number of places it changes in all its files together; none
 *     where that series has nothing of the kind
 * @param vendor the vendor for which alone it is made
 * @param absent identifiers that must not be in the code of its files once all edits are made
 */
public record EditTerms(
        String name,
        String reason,
        List<String> files,
        Map<String, Integer> kernels,
        Optional<Vendor> vendor,
        List<String> absent) {
    public EditTerms {
        files = List.copyOf(files);
        kernels = Map.copyOf(kernels);
        absent = List.copyOf(absent);
    }

    /** The number of places it is to find; none for a series it is not known for. */
    public Optional<Integer> expected(String series) {
        return Optional.ofNullable(kernels.get(series));
    }

    /** Whether it is made for that vendor; for none given, every edit is. */
    boolean isFor(Optional<Vendor> built) {
        return vendor.isEmpty() || built.isEmpty() || vendor.equals(built);
    }

    /** Its files as messages name them. */
    String place() {
        return String.join(", ", files);
    }

    /** The series it is known for, oldest first, as messages name them. */
    String knownFor() {
        TreeMap<String, Integer> sorted = new TreeMap<>(SeriesOrder.BY_NUMBER);
        sorted.putAll(kernels);
        return String.join(", ", sorted.keySet());
    }
}
