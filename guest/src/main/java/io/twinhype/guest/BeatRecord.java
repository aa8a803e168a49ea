package io.twinhype.guest;

import io.twinhype.guest.BeatLine.Counters;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what arrived from one guest, and when. Beats of two connections may arrive in any order around a migration:
 * that is the reader's scheduling, not the guest's doing, so only loss and doubling count.
 */
final class BeatRecord {
    private static final int MOST_NOTES = 1000;

    /** Some beats are late; of so many, hardly all. */
    private static final int BEATS_OF_AN_END = 100;

    private final String vm;
    private final BitSet seen = new BitSet();
    private long[] arrivals = new long[4096];
    private int count;
    /** When the guest sent a beat, by its clock, ns; by sequence number. */
    private long[] sent = new long[4096];

    private long highest;
    private long doubled;
    private long malformed;
    private Counters counters = Counters.NONE;
    private @Nullable ProbeReading probe;
    private @Nullable Long end;
    private String lastNote = "";
    private final List<String> notes = new ArrayList<>();
    private final Map<String, GuestCheck> standing = new TreeMap<>();
    private int lives;
    /** How much this machine's clock is ahead of the guest's at each beat of its last life, in ns. */
    private long[] offsets = new long[4096];

    private int offsetCount;

    BeatRecord(String vm) {
        this.vm = vm;
    }

    /** Takes a line that has just arrived. */
    synchronized void accept(BeatLine line) {
        switch (line) {
            case BeatLine.Beat beat -> accept(beat);
            case BeatLine.End(long lastSequence, Counters last) -> {
                end = lastSequence;
                counters = last;
            }
            case BeatLine.Standing(GuestCheck check) -> standing.put(check.name(), check);
            case BeatLine.Hello(String text) -> {
                beginAnew();
                note(text);
            }
            case BeatLine.Note(String text) -> note(text);
            case BeatLine.Malformed(String text) -> {
                malformed++;
                note(text);
            }
        }
        notifyAll();
    }

    /** A guest that boots again counts from the start; silences count on. */
    private void beginAnew() {
        lives++;
        if (lives > 1) {
            seen.clear();
            highest = 0;
            doubled = 0;
            malformed = 0;
            counters = Counters.NONE;
            probe = null;
            end = null;
            standing.clear();
            offsetCount = 0;
        }
    }

    private void note(String text) {
        lastNote = text;
        if (notes.size() < MOST_NOTES) {
            notes.add(text);
        }
    }

    private void accept(BeatLine.Beat beat) {
        // Taken under the lock: arrivals are in the order of time whichever connection they came through.
        long now = System.nanoTime();
        if (count == arrivals.length) {
            arrivals = Arrays.copyOf(arrivals, count * 2);
        }
        arrivals[count++] = now;
        int sequence = Math.toIntExact(beat.sequence());
        if (seen.get(sequence)) {
            doubled++;
            again(sequence, beat.guestNanos());
        }
        seen.set(sequence);
        if (sequence >= sent.length) {
            sent = Arrays.copyOf(sent, Math.max(sent.length * 2, sequence + 1));
        }
        sent[sequence] = beat.guestNanos();
        if (beat.sequence() < highest) {
            return;
        }
        highest = beat.sequence();
        if (offsetCount == offsets.length) {
            offsets = Arrays.copyOf(offsets, offsetCount * 2);
        }
        offsets[offsetCount++] = now - beat.guestNanos();
        if (!beat.probe().equals("-") && (probe == null || beat.counters().checks() > probe.check())) {
            probe = new ProbeReading(beat.probe(), beat.counters().checks(), now);
        }
        counters = beat.counters();
    }

    /** Says of the first whether a line came twice, or the guest lived through the same moment twice. */
    private void again(int sequence, long guestNanos) {
        if (doubled == 1) {
            note("beat " + sequence + " came again, "
                    + (sent[sequence] == guestNanos
                            ? "the same line"
                            : (guestNanos - sent[sequence]) / 1000 + " us later by the guest's clock"));
        }
    }

    synchronized Duration pauseWithin(long startNanos, long endNanos) {
        long longest = 0;
        for (int i = 1; i < count; i++) {
            if (arrivals[i] - startNanos >= 0 && arrivals[i - 1] - endNanos <= 0) {
                longest = Math.max(longest, arrivals[i] - arrivals[i - 1]);
            }
        }
        if (count > 0 && arrivals[count - 1] - endNanos <= 0) {
            longest = Math.max(longest, System.nanoTime() - arrivals[count - 1]);
        }
        return Duration.ofNanos(longest);
    }

    synchronized Optional<ProbeReading> probe() {
        return Optional.ofNullable(probe);
    }

    synchronized String lastNote() {
        return lastNote;
    }

    synchronized List<String> notes() {
        return List.copyOf(notes);
    }

    synchronized Map<String, GuestCheck> standing() {
        return Map.copyOf(standing);
    }

    synchronized int lives() {
        return lives;
    }

    synchronized Duration clockAhead() {
        int some = Math.min(offsetCount, BEATS_OF_AN_END);
        long atFirst = Arrays.stream(offsets, 0, some).min().orElse(0);
        long atLast =
                Arrays.stream(offsets, offsetCount - some, offsetCount).min().orElse(0);
        return Duration.ofNanos(atFirst - atLast);
    }

    synchronized long received() {
        return seen.cardinality();
    }

    synchronized boolean arrivedAfter(long nanos) {
        return count > 0 && arrivals[count - 1] - nanos > 0;
    }

    synchronized long checks() {
        return counters.checks();
    }

    synchronized boolean finished() {
        return end != null;
    }

    synchronized HeartbeatSummary summary() {
        long longest = 0;
        for (int i = 1; i < count; i++) {
            longest = Math.max(longest, arrivals[i] - arrivals[i - 1]);
        }
        long sent = end == null ? highest : end;
        long received = seen.cardinality();
        return new HeartbeatSummary(
                vm,
                end != null,
                sent,
                received,
                sent - received,
                doubled,
                malformed,
                longest / 1e6,
                counters.checks(),
                counters.diskErrors(),
                counters.memoryErrors(),
                counters.clockErrors());
    }
}
