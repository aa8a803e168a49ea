package io.twinhype.twin;

import java.util.List;

/** Finds the place of a file that is most like a text that is not in it, for whoever has to adapt an edit. */
final class NearestText {
    private NearestText() {}

    /** A clause: where the longest run of the wanted lines begins, and which line ends it. */
    static String in(String text, String wanted) {
        return in(text, wanted, "the edit");
    }

    /**
     * A clause: where the longest run of the wanted lines begins, and which line ends it.
     *
     * @param wanting who wants these lines, such as "the patch"
     */
    static String in(String text, String wanted, String wanting) {
        List<String> lines = text.lines().map(String::strip).toList();
        List<String> find =
                wanted.lines().map(String::strip).dropWhile(String::isEmpty).toList();
        for (int skip = 0; skip < find.size(); skip++) {
            List<String> tail = find.subList(skip, find.size());
            if (tail.getFirst().length() < 3) {
                continue; // A lone brace is like too many places.
            }
            int best = -1;
            int length = 0;
            for (int at = 0; at < lines.size(); at++) {
                int run = run(lines, at, tail);
                if (run > length) {
                    best = at;
                    length = run;
                }
            }
            if (best >= 0) {
                return describe(lines, best, tail, length, wanting);
            }
        }
        return "no line of it is in the file";
    }

    private static int run(List<String> lines, int at, List<String> wanted) {
        int run = 0;
        while (run < wanted.size()
                && at + run < lines.size()
                && lines.get(at + run).equals(wanted.get(run))) {
            run++;
        }
        return run;
    }

    private static String describe(List<String> lines, int at, List<String> wanted, int length, String wanting) {
        String nearest = "the nearest place is line " + (at + 1) + ", \"" + wanted.getFirst() + "\"";
        if (length == wanted.size()) {
            return nearest + ", where only white space or what stands before it differs";
        }
        String there = at + length < lines.size() ? "\"" + lines.get(at + length) + "\"" : "the end of the file";
        return nearest + ", but line " + (at + length + 1) + " is " + there + " where " + wanting + " has \""
                + wanted.get(length) + "\"";
    }
}
