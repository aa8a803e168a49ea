package io.twinhype.twin;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A unified diff to the kernel's source, with paths as git writes them ({@code a/…}, {@code b/…}).
 *
 * @param file the diff; a line "Subject: …" in it is its title
 * @param reversed whether it is taken back instead of made
 */
public record SourcePatch(Path file, boolean reversed) {
    private static final Pattern MOVED =
            Pattern.compile("Hunk #(\\d+) succeeded at (\\d+) \\(offset (-?\\d+) lines?\\)\\.");
    private static final Pattern FAILED = Pattern.compile("Hunk #(\\d+) FAILED at (\\d+)\\.?.*");
    private static final String PATCHING = "patching file ";

    /** What a fix of KVM may change beside it; no hypervisor is built from that. */
    private static final List<String> LEFT_OUT = List.of("Documentation/", "tools/", "MAINTAINERS");

    /** Makes the change that a diff describes. */
    public static SourcePatch apply(Path file) {
        return new SourcePatch(file, false);
    }

    /** Takes back the change that a diff describes, for a source that already has it. */
    public static SourcePatch revert(Path file) {
        return new SourcePatch(file, true);
    }

    /** The title of the diff, or the name of its file if it has none. */
    public String title() throws TwinException {
        return new String(text().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8)
                .lines()
                .takeWhile(line -> !line.startsWith("--- "))
                .filter(line -> line.startsWith("Subject:"))
                .map(line -> line.substring("Subject:".length()).strip().replaceFirst("^\\[PATCH[^]]*] *", ""))
                .findFirst()
                .orElse(String.valueOf(file.getFileName()));
    }

    /**
     * Changes a source tree with {@code patch(1)}, accepting moved places but no different context (no "fuzz").
     *
     * @return what is to be known of it, in sentences: hunks that were found elsewhere, changes that were left out
     * @throws PatchException naming the file, the hunk, the line and the nearest text; the tree is then half changed and to
     *     be thrown away
     */
    List<String> applyTo(Path tree) throws IOException, TwinException, InterruptedException {
        UnifiedDiff diff = UnifiedDiff.parse(text());
        List<String> notes = new ArrayList<>();
        StringBuilder kept = new StringBuilder(diff.head());
        for (UnifiedDiff.FileChange change : diff.files()) {
            if (LEFT_OUT.stream().anyMatch(change.path()::startsWith)) {
                notes.add("its change to " + change.path() + " is left out: no hypervisor is built from that");
            } else {
                requireInside(change.path());
                kept.append(change.text());
            }
        }
        if (!diff.files().isEmpty() && notes.size() == diff.files().size()) {
            throw new PatchException("The patch " + file + " changes nothing that a hypervisor is built from ("
                    + String.join(", ", KvmSource.PARTS) + ").");
        }
        Path input = Files.createTempFile(tree.getParent(), "patch", ".diff");
        try {
            Files.writeString(input, kept, StandardCharsets.ISO_8859_1);
            Tool.Result result = new Tool(command(input, tree), tree, java.util.Map.of()).run();
            if (!result.succeeded()) {
                if (DiskFullException.saidIn(result.all())) {
                    throw new DiskFullException(tree);
                }
                throw new PatchException(message(result.all(), diff, tree));
            }
            notes.addAll(moved(result.all()));
            return notes;
        } finally {
            Files.deleteIfExists(input);
        }
    }

    private List<String> command(Path input, Path tree) {
        List<String> command = new ArrayList<>(List.of(
                "patch",
                "-p1",
                "--batch",
                "--forward",
                "--fuzz=0",
                "--no-backup-if-mismatch",
                "--reject-file=-",
                "--directory=" + tree,
                "--input=" + input.toAbsolutePath()));
        if (reversed) {
            command.add("--reverse");
        }
        return command;
    }

    /** patch(1) says an offset only where there is one. */
    private static List<String> moved(String output) {
        List<String> notes = new ArrayList<>();
        String patched = "";
        for (String line : output.lines().toList()) {
            Matcher hunk = MOVED.matcher(line);
            if (line.startsWith(PATCHING)) {
                patched = line.substring(PATCHING.length());
            } else if (hunk.matches()) {
                int offset = Integer.parseInt(hunk.group(3));
                notes.add("hunk #" + hunk.group(1) + " of " + patched + " was found at line " + hunk.group(2) + ", "
                        + Math.abs(offset) + (Math.abs(offset) == 1 ? " line " : " lines ")
                        + (offset > 0 ? "further down" : "further up"));
            }
        }
        return notes;
    }

    private String message(String output, UnifiedDiff diff, Path tree) throws IOException {
        String what = what();
        if (output.contains("Skipping patch") && output.contains("previously applied")) {
            return what + "the source already has it; leave it out, or take it back with --revert.";
        }
        if (output.contains("Unreversed patch detected")) {
            return what + "the source does not have it.";
        }
        if (output.contains("can't find file to patch")) {
            return what + "it changes " + missing(output) + ", which this kernel's source does not have.";
        }
        if (output.contains("Only garbage was found")) {
            return what + "it is not a unified diff.";
        }
        List<String> failures = new ArrayList<>();
        String patched = "";
        for (String line : output.lines().toList()) {
            Matcher hunk = FAILED.matcher(line);
            if (line.startsWith(PATCHING)) {
                patched = line.substring(PATCHING.length());
            } else if (hunk.matches()) {
                failures.add("hunk #" + hunk.group(1) + " at line " + hunk.group(2) + " of " + patched
                        + nearest(diff, tree, patched, Integer.parseInt(hunk.group(1))));
            } else if (line.contains("malformed patch")) {
                failures.add(line.strip().replaceFirst("^patch: \\**\\s*", ""));
            }
        }
        return what
                + (failures.isEmpty()
                        ? output.lines().findFirst().orElse("patch(1) did not say why")
                        : String.join("; ", failures))
                + ". It needs to be made for this kernel's source; nothing was built.";
    }

    /** Why a hunk does not fit: the place that is most like what it wants to find. */
    private String nearest(UnifiedDiff diff, Path tree, String path, int number) throws IOException {
        Optional<UnifiedDiff.FileChange> change = diff.file(path);
        if (change.isEmpty() || number > change.get().hunks().size()) {
            return "";
        }
        UnifiedDiff.Hunk hunk = change.get().hunks().get(number - 1);
        String wanted = String.join("\n", reversed ? hunk.after() : hunk.before());
        String there = Files.readString(tree.resolve(path), StandardCharsets.ISO_8859_1);
        return ": " + NearestText.in(there, wanted, "the patch");
    }

    private void requireInside(String path) throws PatchException {
        if (KvmSource.PARTS.stream().noneMatch(part -> path.equals(part) || path.startsWith(part + "/"))) {
            throw new PatchException(what() + "it changes " + path
                    + ", which is not among the files a hypervisor is built from (" + String.join(", ", KvmSource.PARTS)
                    + ").");
        }
    }

    private String what() {
        return "The patch " + file + (reversed ? " can't be taken back: " : " does not apply: ");
    }

    /** After "can't find file to patch", patch quotes the diff's head: the first "--- a/FILE" there is meant. */
    private static String missing(String output) {
        return output.lines()
                .filter(line -> line.startsWith("|--- "))
                .map(line -> line.substring(5).split("\\s", 2)[0].replaceFirst("^a/", ""))
                .findFirst()
                .orElse("a file");
    }

    /** Byte for byte: sources and names are not always UTF-8. */
    private String text() throws PatchException {
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw new PatchException("The patch " + file + " can't be read; check its path.");
        }
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    PatchException unreadable(IOException e) {
        return new PatchException("The patch " + file + " can't be read: " + e.getMessage());
    }
}
