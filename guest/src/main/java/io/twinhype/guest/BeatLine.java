package io.twinhype.guest;

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

    /** Something the guest says in words: its greeting, or what it could not do. */
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
            boolean note = words[0].equals("hello") || words[0].equals("note");
            return note ? new Note(line) : new Malformed(line);
        } catch (NumberFormatException garbled) {
            return new Malformed(line);
        }
    }

    private static Counters counters(String[] words, int first) {
        return new Counters(
                Long.parseLong(words[first]),
                Long.parseLong(words[first + 1]),
                Long.parseLong(words[first + 2]),
                Long.parseLong(words[first + 3]));
    }
}
