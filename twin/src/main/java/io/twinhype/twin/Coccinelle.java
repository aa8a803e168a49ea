package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes semantic edits with {@code spatch}, and keeps each result under the hash of rule and text: what a patch to the
 * source does not touch is not computed again. May be used by several threads.
 *
 * <p>spatch does not tell how often a rule matched. The places are counted on the result instead: the runs of adjacent lines
 * in which it differs from what went in, as diff(1) finds them without context.
 */
final class Coccinelle {
    private static final String PROGRAM = "spatch";
    private static final Pattern PLACE = Pattern.compile("(?m)^(\\d+)(?:,\\d+)?[acd]\\d+(?:,\\d+)?$");
    private static final Pattern VERSION = Pattern.compile("spatch version (\\S+)");
    private static final Pattern KEPT_RESULT = Pattern.compile("(?s)([0-9 ]*)\n(.*)");
    /** A result that no build asked for in that time is removed. */
    private static final Duration KEPT = Duration.ofDays(30);

    private final Path cache;
    private @Nullable String version;

    /**
     * Keeps results in a directory.
     *
     * @param cache need not exist yet
     */
    Coccinelle(Path cache) {
        this.cache = cache;
    }

    /**
     * Applies an edit to the text of a file.
     *
     * @throws TwinException if there is no spatch, or it does not accept the edit
     */
    Edit.Change apply(SemanticEdit edit, String file, String text)
            throws IOException, TwinException, InterruptedException {
        String key = new Sha256()
                .add("spatch", version())
                .add("rule", edit.smpl())
                .add("file", file)
                .add("text", text)
                .hex();
        Path kept = cache.resolve(key);
        if (Files.exists(kept)) {
            Matcher result = KEPT_RESULT.matcher(Files.readString(kept));
            if (result.matches()) {
                Files.setLastModifiedTime(kept, FileTime.from(Instant.now()));
                return decode(result, text);
            }
        }
        Path scratch = Files.createTempDirectory(Files.createDirectories(cache), Workspace.PREFIX);
        try {
            Edit.Change change = run(edit, file, text, scratch);
            Path fresh = Files.writeString(scratch.resolve("kept"), encode(change));
            Files.move(fresh, kept, StandardCopyOption.ATOMIC_MOVE);
            return change;
        } finally {
            Trees.delete(scratch);
        }
    }

    /** Removes results that are no longer asked for, and what a killed run left. */
    void forgetOld() throws IOException {
        if (!Files.isDirectory(cache)) {
            return;
        }
        List<Path> entries;
        try (Stream<Path> all = Files.list(cache)) {
            entries = all.toList();
        }
        Instant limit = Instant.now().minus(KEPT);
        for (Path entry : entries) {
            if (Files.getLastModifiedTime(entry).toInstant().isBefore(limit)) {
                Trees.delete(entry);
            }
        }
    }

    private Edit.Change run(SemanticEdit edit, String file, String text, Path scratch)
            throws IOException, TwinException, InterruptedException {
        // spatch tells header from C by the name's end, and messages are easier to read with it.
        String name = String.valueOf(Path.of(file).getFileName());
        Path rule = Files.writeString(scratch.resolve("edit.cocci"), edit.smpl());
        Path before = Files.writeString(scratch.resolve("before-" + name), text);
        Path after = Files.writeString(scratch.resolve(name), text);
        Tool.Result result = new Tool(
                        scratch,
                        PROGRAM,
                        "--very-quiet",
                        "--no-includes",
                        "--no-show-diff",
                        "--in-place",
                        "--sp-file",
                        rule.toString(),
                        after.toString())
                .run();
        if (!result.succeeded()) {
            throw DiskFullException.saidIn(result.all())
                    ? new DiskFullException(scratch)
                    : new TwinException("edit \"" + edit.name() + "\" failed on " + file
                            + ": spatch does not accept its" + " rule: " + said(result.errors()));
        }
        return new Edit.Change(Files.readString(after), places(before, after));
    }

    private static List<Integer> places(Path before, Path after)
            throws IOException, TwinException, InterruptedException {
        Tool.Result result = new Tool(before.getRoot(), "diff", "--text", before.toString(), after.toString()).run();
        if (result.status() > 1) {
            throw new TwinException("diff could not compare the text of an edited file: "
                    + result.errors().strip());
        }
        List<Integer> lines = new ArrayList<>();
        Matcher matcher = PLACE.matcher(result.output());
        while (matcher.find()) {
            lines.add(Integer.valueOf(matcher.group(1)));
        }
        return lines;
    }

    private static String said(String errors) {
        return errors.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("warning:"))
                .limit(4)
                .collect(Collectors.joining(" "));
    }

    private synchronized String version() throws IOException, TwinException, InterruptedException {
        if (version == null) {
            if (!Tool.isInstalled(PROGRAM)) {
                throw new TwinException(
                        "The edits to KVM's source are semantic patches, and the program that makes them,"
                                + " spatch, is not on PATH; install the Debian package coccinelle.");
            }
            Tool.Result result = new Tool(cache.getRoot(), PROGRAM, "--version").run();
            Matcher matcher = VERSION.matcher(result.all());
            if (!result.succeeded() || !matcher.find()) {
                throw new TwinException(
                        "spatch --version does not tell a version; install the Debian package coccinelle again.");
            }
            version = matcher.group(1);
        }
        return version;
    }

    /** The first line has the places; nothing follows it where there are none. */
    private static String encode(Edit.Change change) {
        String lines = change.lines().stream().map(String::valueOf).collect(Collectors.joining(" "));
        return lines + "\n" + (change.lines().isEmpty() ? "" : change.text());
    }

    private static Edit.Change decode(Matcher kept, String before) {
        List<Integer> lines = Stream.of(kept.group(1).split(" ", -1))
                .filter(number -> !number.isEmpty())
                .map(Integer::valueOf)
                .toList();
        return new Edit.Change(lines.isEmpty() ? before : kept.group(2), lines);
    }
}
