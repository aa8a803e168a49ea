package io.twinhype.twin;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Replaces a literal text.
 *
 * @param find the text as it stands in the file
 * @param replace the text to stand there instead, in which {@code ${name}} is a variable
 */
public record TextEdit(
        String name, String reason, String file, String find, String replace, int expect, List<String> kernels)
        implements Edit {
    public TextEdit {
        kernels = List.copyOf(kernels);
        if (find.isEmpty()) {
            throw new IllegalArgumentException("an edit can't look for an empty text");
        }
    }

    /** The lines, counted from 1, where matches begin; matches do not overlap. */
    List<Integer> matches(String text) {
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

    String applyTo(String text, Map<String, String> variables) {
        String replacement = replace;
        for (Map.Entry<String, String> variable : variables.entrySet()) {
            replacement = replacement.replace("${" + variable.getKey() + "}", variable.getValue());
        }
        return text.replace(find, replacement);
    }
}
