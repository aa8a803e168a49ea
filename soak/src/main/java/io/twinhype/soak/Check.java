package io.twinhype.soak;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What one check found.
 *
 * @param name as soak.sh has it
 * @param ok whether all was as it must be
 * @param sentence what was seen
 * @param figures what was measured; milliseconds where a name ends with _ms
 * @param details lines to look at if it failed
 */
public record Check(String name, boolean ok, String sentence, Map<String, String> figures, List<String> details) {
    public Check {
        figures = new TreeMap<>(figures);
        details = List.copyOf(details);
    }

    /** Its figures, in a line. */
    String measured() {
        return figures.entrySet().stream()
                .map(each -> each.getKey() + " " + each.getValue())
                .collect(Collectors.joining(", "));
    }

    static Check of(String name, boolean ok, String sentence) {
        return new Check(name, ok, sentence, Map.of(), List.of());
    }
}
