package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        Set<String> names = new HashSet<>();
        for (Edit edit : edits) {
            for (String series : edit.terms().kernels().keySet()) {
                if (!names.add(edit.name() + " on " + series)) {
                    throw new TwinException(directory + " has two edits \"" + edit.name() + "\" for kernel " + series
                            + "; give each its own name.");
                }
            }
        }
        return new EditSet(edits);
    }

    /** Whether any edit is known for a kernel series such as "6.1". */
    public boolean knows(String series) {
        return edits.stream().anyMatch(edit -> edit.terms().expected(series).isPresent());
    }

    /**
     * Tries the edits on a kernel's source and writes nothing. On a series they are not known for, each is tried with what it
     * expects of the series next to it.
     *
     * @param tree the source
     * @param series such as "6.1"
     * @param vendor whose edits are tried; all if none is given
     * @param cache keeps what took time
     */
    public List<EditOutcome> tryOn(Path tree, String series, Optional<Vendor> vendor, TwinCache cache)
            throws TwinException, InterruptedException {
        try {
            Coccinelle coccinelle = new Coccinelle(cache.edits());
            if (!knows(series)) {
                return EditRun.of(nextTo(series, vendor), tree, coccinelle).outcomes();
            }
            List<EditOutcome> outcomes = new ArrayList<>(
                    EditRun.of(steps(series, vendor), tree, coccinelle).outcomes());
            outcomes.addAll(unknownFor(series, vendor));
            return List.copyOf(outcomes);
        } catch (IOException e) {
            throw DiskFullException.explain("Trying the edits on " + tree, cache.directory(), e);
        }
    }

    /**
     * Makes the edits to a kernel's source, all of them or none.
     *
     * @param series the kernel series; of several edits of one name, the one known for it is made
     * @param vendor the vendor that the hypervisor is built for
     * @param variables what {@code ${name}} stands for in the edited files
     * @param coccinelle makes the semantic edits
     * @throws EditMismatchException naming every edit that does not find what it expects, when nothing was written
     */
    void applyTo(Path tree, String series, Vendor vendor, Map<String, String> variables, Coccinelle coccinelle)
            throws IOException, TwinException, InterruptedException {
        EditRun run = EditRun.of(steps(series, Optional.of(vendor)), tree, coccinelle);
        List<EditOutcome> outcomes = new ArrayList<>(unknownFor(series, Optional.of(vendor)));
        outcomes.addAll(run.outcomes());
        List<EditMismatch> mismatches = outcomes.stream()
                .filter(outcome -> !outcome.verdict().fits())
                .map(EditOutcome::mismatch)
                .toList();
        if (!mismatches.isEmpty()) {
            throw new EditMismatchException(mismatches);
        }
        for (Map.Entry<String, String> changed : run.texts().entrySet()) {
            // Last, so that both twins have the same edited text up to here and its edits are made once.
            String text = changed.getValue();
            for (Map.Entry<String, String> variable : variables.entrySet()) {
                text = text.replace("${" + variable.getKey() + "}", variable.getValue());
            }
            Files.writeString(tree.resolve(changed.getKey()), text);
        }
        coccinelle.forgetOld();
    }

    private List<EditRun.Step> steps(String series, Optional<Vendor> vendor) {
        return edits.stream()
                .filter(edit -> edit.terms().isFor(vendor))
                .flatMap(edit ->
                        edit.terms().expected(series).map(expected -> new EditRun.Step(edit, expected)).stream())
                .toList();
    }

    /** Of several edits of one name, the one that is known for the series next to this one. */
    private List<EditRun.Step> nextTo(String series, Optional<Vendor> vendor) {
        List<EditRun.Step> steps = new ArrayList<>();
        for (Edit edit : edits) {
            Set<String> known = edits.stream()
                    .filter(other -> other.name().equals(edit.name()))
                    .flatMap(other -> other.terms().kernels().keySet().stream())
                    .collect(Collectors.toSet());
            SeriesOrder.nearest(known, series)
                    .filter(_ -> edit.terms().isFor(vendor))
                    .flatMap(nearest -> edit.terms().expected(nearest))
                    .ifPresent(expected -> steps.add(new EditRun.Step(edit, expected)));
        }
        return steps;
    }

    /** An edit that exists for other series only would be left out silently: two copies would collide there. */
    private List<EditOutcome> unknownFor(String series, Optional<Vendor> vendor) {
        Set<String> known = edits.stream()
                .filter(edit -> edit.terms().expected(series).isPresent())
                .map(Edit::name)
                .collect(Collectors.toSet());
        Set<String> told = new TreeSet<>();
        return edits.stream()
                .filter(edit -> edit.terms().isFor(vendor))
                .filter(edit -> !known.contains(edit.name()) && told.add(edit.name()))
                .map(edit -> new EditOutcome(
                        edit,
                        edit.terms().kernels().values().stream()
                                .mapToInt(Integer::intValue)
                                .max()
                                .orElse(0),
                        0,
                        EditOutcome.Verdict.NO_MATCH,
                        "it is known for kernel " + edit.terms().knownFor() + " only, not for " + series))
                .toList();
    }
}
