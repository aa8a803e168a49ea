package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A unified diff to the kernel's source, with paths as git writes them ({@code a/…}, {@code b/…}).
 *
 * @param file the diff; a line "Subject: …" in it is its title
 * @param reversed whether it is taken back instead of made
 */
public record SourcePatch(Path file, boolean reversed) {
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
        try {
            return Files.readString(file)
                    .lines()
                    .takeWhile(line -> !line.startsWith("--- "))
                    .filter(line -> line.startsWith("Subject:"))
                    .map(line -> line.substring("Subject:".length()).strip().replaceFirst("^\\[PATCH[^]]*] *", ""))
                    .findFirst()
                    .orElse(String.valueOf(file.getFileName()));
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /**
     * Changes a source tree with {@code patch(1)}, accepting moved places but no different context.
     *
     * @throws PatchException naming the hunk and the place; the tree is then half changed and to be thrown away
     */
    void applyTo(Path tree) throws IOException, TwinException, InterruptedException {
        if (!Files.isReadable(file)) {
            throw new PatchException("The patch " + file + " can't be read; check its path.");
        }
        List<String> command = new ArrayList<>(List.of(
                "patch",
                "-p1",
                "--batch",
                "--forward",
                "--fuzz=0",
                "--no-backup-if-mismatch",
                "--reject-file=-",
                "--directory=" + tree,
                "--input=" + file.toAbsolutePath()));
        if (reversed) {
            command.add("--reverse");
        }
        Tool.Result result = new Tool(command, tree, java.util.Map.of()).run();
        if (!result.succeeded()) {
            if (DiskFullException.saidIn(result.all())) {
                throw new DiskFullException(tree);
            }
            throw new PatchException(message(result.all()));
        }
    }

    private String message(String output) {
        String what = "The patch " + file + (reversed ? " can't be taken back: " : " does not apply: ");
        if (output.contains("Skipping patch") && output.contains("previously applied")) {
            return what + "the source already has it; leave it out, or take it back with --revert.";
        }
        if (output.contains("Unreversed patch detected")) {
            return what + "the source does not have it.";
        }
        if (output.contains("can't find file to patch")) {
            return what + "it changes " + missing(output)
                    + ", which is not among the files a hypervisor is built from (" + String.join(", ", KvmSource.PARTS)
                    + ").";
        }
        if (output.contains("Only garbage was found")) {
            return what + "it is not a unified diff.";
        }
        List<String> failures = new ArrayList<>();
        String patched = "";
        for (String line : output.lines().toList()) {
            if (line.startsWith("patching file ")) {
                patched = line.substring("patching file ".length());
            } else if (line.startsWith("Hunk #") && line.contains("FAILED at")) {
                String hunk = line.substring(0, line.indexOf(" FAILED"));
                String at = line.substring(line.indexOf("FAILED at") + "FAILED at".length())
                        .replace(".", "");
                failures.add(hunk.replace("Hunk", "hunk") + " at line" + at + " of " + patched);
            } else if (line.contains("malformed patch")) {
                failures.add(line.strip());
            }
        }
        return what
                + (failures.isEmpty()
                        ? output.lines().findFirst().orElse("patch(1) did not say why")
                        : String.join(", ", failures))
                + ". It needs to be made for this kernel's source.";
    }

    /** After "can't find file to patch", patch quotes the diff's head: the first "--- a/FILE" there is meant. */
    private static String missing(String output) {
        return output.lines()
                .filter(line -> line.startsWith("|--- "))
                .map(line -> line.substring(5).split("\\s", 2)[0].replaceFirst("^a/", ""))
                .findFirst()
                .orElse("a file");
    }

    PatchException unreadable(IOException e) {
        return new PatchException("The patch " + file + " can't be read: " + e.getMessage());
    }
}
