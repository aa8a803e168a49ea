package io.twinhype.twin;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Text in C. */
final class CText {
    /** Comments, strings and characters; a quote within a comment opens nothing, and the other way round. */
    private static final Pattern NO_CODE = Pattern.compile(
            "/\\*(?s:.*?)\\*/|//[^\\n]*|\"(?:[^\"\\\\\\n]|\\\\(?s:.))*+\"|'(?:[^'\\\\\\n]|\\\\(?s:.))*+'");

    private CText() {}

    /** The text with blanks for comments, strings and characters; lines stay where they are. */
    static String code(String text) {
        return NO_CODE.matcher(text).replaceAll(match -> match.group().replaceAll("[^\\n]", " "));
    }

    /** The first line, counted from 1, that has the identifier as a word of its own. */
    static Optional<Integer> lineOf(String identifier, String code) {
        Matcher word = Pattern.compile("\\b" + identifier + "\\b").matcher(code);
        return word.find()
                ? Optional.of(1
                        + (int) code.substring(0, word.start())
                                .chars()
                                .filter(c -> c == '\n')
                                .count())
                : Optional.empty();
    }
}
