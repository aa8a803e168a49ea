package io.twinhype.bench;

import java.util.List;

/**
 * How figures spread.
 *
 * @param count how many; the others are 0 if there are none
 * @param p99 the smallest that 99 of 100 do not exceed; the greatest of less than 100
 */
public record MigrateSpread(int count, double median, double p99, double most) {
    static MigrateSpread of(List<Double> figures) {
        if (figures.isEmpty()) {
            return new MigrateSpread(0, 0, 0, 0);
        }
        List<Double> sorted = figures.stream().sorted().toList();
        int middle = sorted.size() / 2;
        double median = sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
        int rank = (int) Math.ceil(sorted.size() * 0.99);
        return new MigrateSpread(sorted.size(), median, sorted.get(rank - 1), sorted.getLast());
    }
}
