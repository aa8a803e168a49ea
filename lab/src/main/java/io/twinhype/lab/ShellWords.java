package io.twinhype.lab;

import java.util.List;
import java.util.stream.Collectors;

/** Writes words so that a POSIX shell reads them back unchanged (sh(1), Single-Quotes). */
final class ShellWords {
    private ShellWords() {}

    static String quote(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    static String quote(List<String> words) {
        return words.stream().map(ShellWords::quote).collect(Collectors.joining(" "));
    }
}
