package io.twinhype.guest;

import java.util.Map;
import java.util.TreeMap;

/** One line of the guest's program (init.c says which there are). */
sealed interface BeatLine {
    /** Counters the guest keeps; they only grow. */
    record Counters(long checks, long diskErrors, long memoryErrors, long clockErrors) {
        static final Counters NONE = new Counters(0, 0, 0, 0);
    }

    /** A heartbeat; {@code guestNanos} is the guest's CLOCK_MONOTONIC. */
    record Beat(long sequence, long guestNanos, Counters counters, String probe) implements BeatLine {}

    /** The last line: {@code lastSequence} beats were sent. */
    record End(long lastSequence, Counters counters) implements BeatLine {}

    /** How one of the further checks stands. */
    record Standing(GuestCheck check) implements BeatLine {}

    /** The guest has begun anew: what it says from now on is counted from the start. */
    record Hello(String text) implements BeatLine {}

    /** Something the guest says in words: what it could not do, or what was wrong. */
    record Note(String text) implements BeatLine {}

    /** Not one of the guest's lines. */
    record Malformed(String text) implements BeatLine {}

    static BeatLine parse(String line) {
        String[] words = line.split(" ", -1);
        try {
            if (words[0].equals("b") && words.length == 8) {
                return new Beat(Long.parseLong(words[1]), Long.parseLong(words[2]), counters(words, 3), words[7]);
            }
            if (words[0].equals("end") && words.length == 6) {
                return new End(Long.parseLong(words[1]), counters(words, 2));
            }
            if (words[0].equals("check") && words.length >= 4) {
                return new Standing(check(words));
            }
            if (words[0].equals("hello")) {
                return new Hello(line);
            }
            return words[0].equals("note") ? new Note(line) : new Malformed(line);
        } catch (NumberFormatException garbled) {
            return new Malformed(line);
        }
    }

    private static GuestCheck check(String[] words) {
        Map<String, Long> figures = new TreeMap<>();
        for (int i = 4; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            if (equals < 1) {
                throw new NumberFormatException(words[i]);
            }
            figures.put(words[i].substring(0, equals), Long.parseLong(words[i].substring(equals + 1)));
        }
        return new GuestCheck(words[1], Long.parseLong(words[2]), Long.parseLong(words[3]), figures);
    }

    private static Counters counters(String[] words, int first) {
        return new Counters(
                Long.parseLong(words[first]),
                Long.parseLong(words[first + 1]),
                Long.parseLong(words[first + 2]),
                Long.parseLong(words[first + 3]));
    }
}
