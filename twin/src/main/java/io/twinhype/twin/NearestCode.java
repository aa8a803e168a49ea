package io.twinhype.twin;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the line of a file that has most in common with a semantic patch that matches nowhere: the more seldom a word of the
 * patch is in the file, the more it tells.
 */
final class NearestCode {
    private static final Pattern WORD = Pattern.compile("[A-Za-z_]\\w{2,}");
    private static final Pattern DECLARATIONS = Pattern.compile("(?ms)^@.*?@$(.*?)^@@$");

    private NearestCode() {}

    /** A clause that names the nearest line, or what all of the patch's own words are not there. */
    static String in(String text, String smpl) {
        Set<String> wanted = wanted(smpl);
        List<String> lines = text.lines().toList();
        Map<String, List<Integer>> found = new HashMap<>();
        for (int line = 0; line < lines.size(); line++) {
            for (String word : words(lines.get(line))) {
                if (wanted.contains(word)) {
                    found.computeIfAbsent(word, _ -> new ArrayList<>()).add(line);
                }
            }
        }
        Map<Integer, Double> weights = new HashMap<>();
        found.values().forEach(at -> at.forEach(line -> weights.merge(line, 1.0 / at.size(), Double::sum)));
        return weights.entrySet().stream()
                .max(Map.Entry.<Integer, Double>comparingByValue()
                        .thenComparing(
                                Map.Entry.<Integer, Double>comparingByKey().reversed()))
                .map(best -> "the nearest place is line " + (best.getKey() + 1) + ", \""
                        + lines.get(best.getKey()).strip() + "\"" + missing(wanted, found.keySet()))
                .orElse("no word of it is in the file");
    }

    private static String missing(Set<String> wanted, Set<String> found) {
        List<String> missing =
                wanted.stream().filter(word -> !found.contains(word)).sorted().toList();
        return missing.isEmpty() ? "" : "; nowhere in the file is " + String.join(", ", missing);
    }

    /** The words of the lines that must be there, without the patch's own variables and what it adds. */
    private static Set<String> wanted(String smpl) {
        Set<String> variables = new HashSet<>();
        Matcher declarations = DECLARATIONS.matcher(smpl);
        StringBuilder bodies = new StringBuilder();
        while (declarations.find()) {
            // The declarers' and attributes' names are declared, too, but stand for themselves.
            declarations
                    .group(1)
                    .lines()
                    .filter(line -> !line.matches("\\s*(declarer|attribute|iterator) name.*"))
                    .forEach(line -> variables.addAll(words(line)));
            declarations.appendReplacement(bodies, "");
        }
        declarations.appendTail(bodies);
        Set<String> wanted = new HashSet<>();
        bodies.toString()
                .lines()
                .filter(line -> !line.startsWith("+") && !line.strip().startsWith("//"))
                .forEach(line -> wanted.addAll(words(line)));
        wanted.removeAll(variables);
        wanted.removeAll(Set.of("when", "any", "exists", "strict", "static", "return", "struct", "int", "void"));
        return wanted;
    }

    private static Set<String> words(String text) {
        Set<String> words = new HashSet<>();
        Matcher matcher = WORD.matcher(text);
        while (matcher.find()) {
            words.add(matcher.group());
        }
        return words;
    }
}
