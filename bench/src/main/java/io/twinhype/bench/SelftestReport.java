package io.twinhype.bench;

import io.twinhype.bench.SelftestOutcome.Verdict;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The kernel's KVM selftests on stock KVM, on A and on B, in the shape of {@code selftests.json}.
 *
 * @param same whether every test came to the same on all three, and no kernel complained on ours where it did not on stock
 * @param rows a test each; of one that differed at first but not when it was run again, what it came to the last time
 * @param unsteady what the latter came to at first
 * @param unbuilt tests that do not compile
 */
public record SelftestReport(
        boolean same, List<Row> rows, List<Row> unsteady, List<String> unbuilt, Map<String, String> environment) {
    public SelftestReport {
        rows = List.copyOf(rows);
        unsteady = List.copyOf(unsteady);
        unbuilt = List.copyOf(unbuilt);
        environment = new TreeMap<>(environment);
    }

    /**
     * One test.
     *
     * @param arguments given to it; none but where its default size is too much for an emulated machine
     */
    public record Row(String test, String arguments, SelftestOutcome stock, SelftestOutcome a, SelftestOutcome b) {
        /** Whether it came to the same on all three, and the kernel did not complain where it does not with stock KVM. */
        public boolean same() {
            return a.verdict() == stock.verdict()
                    && b.verdict() == stock.verdict()
                    && (quiet() || !stock.complaints().isEmpty());
        }

        /** Whether no kernel complained of ours: what then differs may be chance. */
        boolean quiet() {
            return a.complaints().isEmpty() && b.complaints().isEmpty();
        }

        boolean passed() {
            return same() && stock.verdict() == Verdict.PASS;
        }
    }

    /** The series of the kernel, such as 6.1. */
    String series() {
        return environment.getOrDefault("kernelPackage", "?").replaceFirst("^(\\d+\\.\\d+).*", "$1");
    }

    /** How many tests came to the same on all three. */
    public long count(Verdict verdict) {
        return rows.stream()
                .filter(row -> row.same() && row.stock().verdict() == verdict)
                .count();
    }

    /** The tests that did not come to the same. */
    public List<Row> different() {
        return rows.stream().filter(row -> !row.same()).toList();
    }
}
