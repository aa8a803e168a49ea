package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The edits in the order in which they are made.
 *
 * @param edits by the names of their files, then as they stand there
 */
public record EditSet(List<Edit> edits) {
    public EditSet {
        edits = List.copyOf(edits);
    }

    /** Reads all {@code *.toml} files of a directory; kernel/README.md has the format. */
    public static EditSet read(Path directory) throws TwinException {
        List<Edit> edits = new ArrayList<>();
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path file : entries.filter(entry -> entry.toString().endsWith(".toml"))
                    .sorted()
                    .toList()) {
                edits.addAll(EditReader.read(file));
            }
        } catch (IOException e) {
            throw DiskFullException.explain("Reading the edits in " + directory, directory, e);
        }
        if (edits.isEmpty()) {
            throw new TwinException(
                    "There are no edits (*.toml) in " + directory + "; is that a kernel/edits directory?");
        }
        return new EditSet(edits);
    }

    /**
     * Makes the edits to a kernel's source, all of them or none.
     *
     * @param series the kernel series; of several edits of one name, the one known for it is made
     * @param variables what {@code ${name}} stands for in replacements
     * @throws EditMismatchException naming every edit that does not find what it expects, when nothing was written
     */
    public void applyTo(Path tree, String series, Map<String, String> variables)
            throws EditMismatchException, IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        List<EditMismatch> mismatches = new ArrayList<>(unknownFor(series));
        for (Edit edit : edits) {
            if (!edit.kernels().contains(series)) {
                continue;
            }
            switch (edit) {
                case TextEdit text -> apply(text, tree, variables, texts, mismatches);
            }
        }
        if (!mismatches.isEmpty()) {
            throw new EditMismatchException(mismatches);
        }
        for (Map.Entry<String, String> changed : texts.entrySet()) {
            Files.writeString(tree.resolve(changed.getKey()), changed.getValue());
        }
    }

    private static void apply(
            TextEdit edit,
            Path tree,
            Map<String, String> variables,
            Map<String, String> texts,
            List<EditMismatch> mismatches)
            throws IOException {
        Path file = tree.resolve(edit.file());
        if (!Files.isRegularFile(file)) {
            mismatches.add(mismatch(edit, 0, "there is no such file"));
            return;
        }
        String text = texts.containsKey(edit.file()) ? texts.getOrDefault(edit.file(), "") : Files.readString(file);
        List<Integer> matches = edit.matches(text);
        if (matches.size() == edit.expect()) {
            texts.put(edit.file(), edit.applyTo(text, variables));
        } else if (matches.isEmpty()) {
            mismatches.add(mismatch(edit, 0, NearestText.in(text, edit.find())));
        } else {
            String lines = matches.stream().map(String::valueOf).collect(Collectors.joining(", "));
            mismatches.add(mismatch(edit, matches.size(), "at line " + lines));
        }
    }

    /** An edit that exists for other series only would be left out silently: two copies would collide there. */
    private List<EditMismatch> unknownFor(String series) {
        Set<String> known = edits.stream()
                .filter(edit -> edit.kernels().contains(series))
                .map(Edit::name)
                .collect(Collectors.toSet());
        Set<String> told = new TreeSet<>();
        return edits.stream()
                .filter(edit -> !known.contains(edit.name()) && told.add(edit.name()))
                .map(edit -> mismatch(
                        edit,
                        0,
                        "it is known for kernel " + String.join(", ", edit.kernels()) + " only, not for " + series))
                .toList();
    }

    private static EditMismatch mismatch(Edit edit, int found, String place) {
        return new EditMismatch(edit.name(), edit.file(), edit.expect(), found, place);
    }
}
