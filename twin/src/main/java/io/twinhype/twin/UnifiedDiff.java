package io.twinhype.twin;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A unified diff by files and hunks (diff(1), "Unified Format").
 *
 * @param head what stands before the first file: a mail's subject and text
 * @param files the changes, one for each file, in their order
 */
record UnifiedDiff(String head, List<FileChange> files) {
    private static final Pattern HUNK = Pattern.compile("@@ -(\\d+)(?:,(\\d+))? \\+(\\d+)(?:,(\\d+))? @@.*");

    /**
     * The change of one file.
     *
     * @param path its path in the tree, without a/ or b/
     * @param text the part of the diff
     */
    record FileChange(String path, String text, List<Hunk> hunks) {}

    /**
     * One change of a file.
     *
     * @param line where it begins in the file before, from 1
     * @param before the lines that must be there
     * @param after the lines that are there afterwards
     */
    record Hunk(int line, List<String> before, List<String> after) {}

    UnifiedDiff {
        files = List.copyOf(files);
    }

    static UnifiedDiff parse(String text) {
        List<String> lines = text.lines().toList();
        List<Integer> starts = new ArrayList<>();
        for (int at = 0; at + 1 < lines.size(); at++) {
            if (lines.get(at).startsWith("--- ") && lines.get(at + 1).startsWith("+++ ")) {
                starts.add(beginning(lines, at, starts.isEmpty() ? 0 : starts.getLast() + 2));
            }
        }
        List<FileChange> files = new ArrayList<>();
        for (int i = 0; i < starts.size(); i++) {
            int end = i + 1 < starts.size() ? starts.get(i + 1) : lines.size();
            files.add(file(lines.subList(starts.get(i), end)));
        }
        int head = starts.isEmpty() ? lines.size() : starts.getFirst();
        return new UnifiedDiff(joined(lines.subList(0, head)), files);
    }

    /** Of the change of a file, by its name in patch(1)'s output. */
    Optional<FileChange> file(String path) {
        return files.stream().filter(each -> each.path().equals(path)).findFirst();
    }

    /** git puts lines of its own, from "diff --git" on, before the two names. */
    private static int beginning(List<String> lines, int names, int least) {
        for (int at = names - 1; at >= least && at >= names - 6; at--) {
            if (lines.get(at).startsWith("diff ")) {
                return at;
            }
        }
        return names;
    }

    private static FileChange file(List<String> lines) {
        String before = "";
        String after = "";
        List<Hunk> hunks = new ArrayList<>();
        for (int at = 0; at < lines.size(); at++) {
            String line = lines.get(at);
            Matcher hunk = HUNK.matcher(line);
            if (hunk.matches()) {
                hunks.add(hunk(
                        Integer.parseInt(hunk.group(1)),
                        count(hunk.group(2)),
                        count(hunk.group(4)),
                        lines.subList(at + 1, lines.size())));
            } else if (hunks.isEmpty() && line.startsWith("--- ")) {
                before = path(line);
            } else if (hunks.isEmpty() && line.startsWith("+++ ")) {
                after = path(line);
            }
        }
        return new FileChange(after.equals("/dev/null") ? before : after, joined(lines), List.copyOf(hunks));
    }

    private static int count(@org.jspecify.annotations.Nullable String digits) {
        return digits == null ? 1 : Integer.parseInt(digits);
    }

    private static Hunk hunk(int line, int before, int after, List<String> lines) {
        List<String> old = new ArrayList<>();
        List<String> changed = new ArrayList<>();
        for (String each : lines) {
            if (old.size() >= before && changed.size() >= after) {
                break;
            }
            String text = each.isEmpty() ? "" : each.substring(1);
            // A mailer may have cut the space off an empty line of context.
            char kind = each.isEmpty() ? ' ' : each.charAt(0);
            if (kind == ' ' || kind == '-') {
                old.add(text);
            }
            if (kind == ' ' || kind == '+') {
                changed.add(text);
            }
        }
        return new Hunk(line, List.copyOf(old), List.copyOf(changed));
    }

    private static String path(String line) {
        String name = line.substring(4).split("[\\t\\n]", -1)[0].strip();
        return name.replaceFirst("^[ab]/", "");
    }

    private static String joined(List<String> lines) {
        return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
    }
}
