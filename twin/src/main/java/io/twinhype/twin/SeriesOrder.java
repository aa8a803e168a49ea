package io.twinhype.twin;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Orders kernel series by their numbers: 6.1 before 6.12 before 7.0. */
final class SeriesOrder {
    static final Comparator<String> BY_NUMBER =
            Comparator.<String>comparingInt(series -> part(series, 0)).thenComparingInt(series -> part(series, 1));

    private SeriesOrder() {}

    /** The newest of the known series that is not newer than the wanted one; the oldest of them if all are. */
    static Optional<String> nearest(Collection<String> known, String wanted) {
        return known.stream()
                .filter(series -> BY_NUMBER.compare(series, wanted) <= 0)
                .max(BY_NUMBER)
                .or(() -> known.stream().min(BY_NUMBER));
    }

    static boolean isSeries(String text) {
        return text.matches("[0-9]{1,4}\\.[0-9]{1,4}");
    }

    private static int part(String series, int index) {
        return Integer.parseInt(series.split("\\.", -1)[index]);
    }
}
