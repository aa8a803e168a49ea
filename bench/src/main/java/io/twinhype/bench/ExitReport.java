package io.twinhype.bench;

import java.util.List;
import java.util.Map;

/**
 * What an exit from a guest costs on stock KVM and on ours, in the shape of {@code exits.json}. Costs are instructions of
 * the lab's CPU, per exit: the hypervisor's, the kernel's, those of the program that runs the guest, and the guest's.
 *
 * @param withinPromise whether a CPUID exit costs at most {@link #PROMISE} times as much as on stock KVM
 * @param ticksPerInstruction of the clock that was counted with: 1, or the figures are none
 * @param rows a kind of exit each
 * @param library the same, without and with the graft library preloaded
 * @param kernelComplaints lines of the lab's kernel log that say WARN, BUG or the like
 * @param environment what it was measured on
 */
public record ExitReport(
        boolean withinPromise,
        double ticksPerInstruction,
        List<Row> rows,
        List<LibraryRow> library,
        List<String> kernelComplaints,
        Map<String, String> environment) {
    /** What being a twin may cost: a CPUID exit, as a multiple of the same on stock KVM. */
    public static final double PROMISE = 1.03;

    public ExitReport {
        rows = List.copyOf(rows);
        library = List.copyOf(library);
        kernelComplaints = List.copyOf(kernelComplaints);
        environment = Map.copyOf(environment);
    }

    /**
     * One kind of exit.
     *
     * @param kind as in exits.c
     * @param stock on the distribution's KVM
     * @param alone on A, without B
     * @param both on A with B loaded; for "switch", on A and B in turn
     */
    public record Row(String kind, Cost stock, Cost alone, Cost both) {
        /** What A alone costs, as a multiple of stock KVM. */
        public double ratioAlone() {
            return alone.median() / stock.median();
        }

        /** What A costs while B is loaded, as a multiple of stock KVM. */
        public double ratioBoth() {
            return both.median() / stock.median();
        }

        boolean withinPromise() {
            return ratioAlone() <= PROMISE && ratioBoth() <= PROMISE;
        }
    }

    /**
     * One kind of exit on A.
     *
     * @param without with the program alone
     * @param with with the graft library preloaded into it
     */
    public record LibraryRow(String kind, Cost without, Cost with) {
        /** What an exit costs with the library, as a multiple of what it costs without. */
        public double ratio() {
            return with.median() / without.median();
        }
    }

    /**
     * Instructions per exit, over all measurements of one kind in one configuration.
     *
     * @param measurements how many there were
     */
    public record Cost(double median, double least, double most, int measurements) {
        static Cost of(List<Double> values) {
            List<Double> sorted = values.stream().sorted().toList();
            int middle = sorted.size() / 2;
            double median =
                    sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
            return new Cost(median, sorted.getFirst(), sorted.getLast(), sorted.size());
        }
    }
}
