package io.twinhype.demo;

import io.twinhype.demo.DemoReport.ComparisonRow;
import io.twinhype.demo.DemoReport.GuestRow;
import io.twinhype.demo.ExperimentPlan.ComparisonPlan;
import io.twinhype.demo.Guests.Guest;
import io.twinhype.demo.Mover.Moved;
import io.twinhype.demo.Mover.NotMovedException;
import io.twinhype.engine.EngineException;
import io.twinhype.engine.Host;
import io.twinhype.engine.Hypervisor;
import io.twinhype.guest.GuestException;
import io.twinhype.twin.Twin;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Measures methods against each other: the same guest goes back and forth between A and B, by each method in turn, so that
 * what disturbs the machine disturbs all of them.
 */
final class Comparison {
    private static final List<DemoMethod> METHODS = List.of(DemoMethod.GRAFT, DemoMethod.HANDOFF, DemoMethod.TCP);

    private final ExperimentPlan plan;
    private final Guests guests;
    private final Mover mover;
    private final Narrator narrator;

    Comparison(ExperimentPlan plan, Host host, Guests guests, Narrator narrator) {
        this.plan = plan;
        this.guests = guests;
        this.mover = new Mover(host);
        this.narrator = narrator;
    }

    /**
     * Measures.
     *
     * @param rows gets one row per memory size and method, as they come
     */
    void run(List<ComparisonRow> rows) throws DemoException, EngineException, GuestException {
        for (ComparisonPlan each : plan.comparison()) {
            long start = System.nanoTime();
            rows.addAll(compare(each));
            narrator.doneSince(
                    start,
                    String.format(
                            Locale.ROOT,
                            "Compared %d migrations by each method of a guest with %d MiB",
                            each.runs(),
                            each.memoryMebibytes()));
        }
    }

    private List<ComparisonRow> compare(ComparisonPlan each) throws DemoException, EngineException, GuestException {
        Guest guest = guests.start(
                        "compare" + each.memoryMebibytes(),
                        each.memoryMebibytes(),
                        Hypervisor.of(Twin.A),
                        plan.initramfs())
                .await();
        Map<DemoMethod, List<Moved>> moves = new EnumMap<>(DemoMethod.class);
        Twin at = Twin.A;
        try {
            for (int run = 0; run < each.runs(); run++) {
                for (DemoMethod method : METHODS) {
                    at = at.other();
                    moves.computeIfAbsent(method, _ -> new ArrayList<>())
                            .add(mover.move(guest, Hypervisor.of(at), method, DemoFault.NONE));
                }
            }
        } catch (NotMovedException e) {
            throw new DemoException("The comparison was given up: " + e.getMessage(), e);
        }
        GuestRow heard = guests.finish(guest, guest.sawFixAtStart());
        if (!heard.lived() || heard.beatsLost() + heard.beatsDoubled() + heard.errors() > 0) {
            throw new DemoException("Guest " + guest.name() + " came out of the comparison damaged: " + heard + ".");
        }
        return METHODS.stream()
                .map(method -> row(method, each.memoryMebibytes(), moves.getOrDefault(method, List.of())))
                .toList();
    }

    private static ComparisonRow row(DemoMethod method, int memoryMebibytes, List<Moved> moves) {
        return new ComparisonRow(
                method.label(),
                memoryMebibytes,
                moves.size(),
                Milliseconds.rounded(median(moves, move -> move.row().pauseMillis())),
                Milliseconds.rounded(moves.stream()
                        .mapToDouble(move -> move.row().pauseMillis())
                        .max()
                        .orElse(Double.NaN)),
                Milliseconds.rounded(median(moves, Moved::totalMillis)),
                Math.round(median(moves, move -> move.row().socketBytes())),
                Math.round(median(moves, move -> move.row().networkBytes())));
    }

    /** The middle value, or the mean of the two in the middle. */
    static <T> double median(List<T> values, ToDoubleFunction<T> of) {
        double[] sorted = values.stream().mapToDouble(of).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
