package io.twinhype.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads what selftests.sh wrote.
 *
 * @param out the directory it wrote to
 * @param complaints the kernel's, by the test that ran meanwhile
 * @param death why the lab ended before the list did; empty if it did not
 */
record SelftestLines(Path out, Map<String, List<String>> complaints, String death) {
    private static final String MARK = "twinhype-selftest: ";

    Map<String, SelftestOutcome> outcomes(Path results) throws IOException {
        Map<String, SelftestOutcome> outcomes = new LinkedHashMap<>();
        for (String line : Files.exists(results) ? Files.readAllLines(results) : List.<String>of()) {
            String[] words = line.split(" ", -1);
            String test = words[1];
            List<String> heard = complaints.getOrDefault(test, List.of());
            outcomes.put(
                    test,
                    words[0].equals("end")
                            ? SelftestOutcome.of(
                                    Integer.parseInt(words[2]),
                                    Long.parseLong(words[3]),
                                    SelftestRun.said(out, test),
                                    heard)
                            : SelftestOutcome.crash(death, heard));
        }
        return outcomes;
    }

    /** Which test was running when the kernel complained, by the marks in its log. */
    static Map<String, List<String>> byTest(Path consoleLog, List<String> complaints) throws IOException {
        Set<String> wanted = new HashSet<>(complaints);
        Map<String, List<String>> found = new LinkedHashMap<>();
        String test = "";
        for (String line : new String(Files.readAllBytes(consoleLog), StandardCharsets.ISO_8859_1)
                .lines()
                .map(each -> each.replace("\r", ""))
                .toList()) {
            int mark = line.indexOf(MARK);
            if (mark >= 0) {
                test = line.substring(mark + MARK.length()).strip();
            } else if (wanted.contains(line)) {
                found.computeIfAbsent(test, any -> new ArrayList<>()).add(line);
            }
        }
        return found;
    }
}
