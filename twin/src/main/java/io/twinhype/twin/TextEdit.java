package io.twinhype.twin;

import java.util.ArrayList;
import java.util.List;

/**
 * Replaces a literal text.
 *
 * @param find the text as it stands in the file
 * @param replace the text to stand there instead, in which {@code ${name}} is a variable
 */
public record TextEdit(EditTerms terms, String find, String replace) implements Edit {
    public TextEdit {
        if (find.isEmpty()) {
            throw new IllegalArgumentException("an edit can't look for an empty text");
        }
    }

    @Override
    public String kind() {
        return "text";
    }

    @Override
    public Change change(String file, String text, Coccinelle coccinelle) {
        return new Change(text.replace(find, replace), matches(text));
    }

    @Override
    public String nearest(String text) {
        return NearestText.in(text, find);
    }

    /** The lines, counted from 1, where matches begin; matches do not overlap. */
    private List<Integer> matches(String text) {
        List<Integer> lines = new ArrayList<>();
        int line = 1;
        int counted = 0;
        for (int at = text.indexOf(find); at >= 0; at = text.indexOf(find, at + find.length())) {
            line += (int)
                    text.substring(counted, at).chars().filter(c -> c == '\n').count();
            counted = at;
            lines.add(line);
        }
        return lines;
    }
}
