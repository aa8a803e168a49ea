package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/**
 * One attempt at a list of edits on one source: every file's edits in their order, different files at the same time.
 * Nothing is written.
 */
final class EditRun {
    /** An edit, and how many places it is to change. */
    record Step(Edit edit, int expected) {}

    /** One file with all its edits made, and the lines that each of them changed. */
    private record Chain(String file, String text, Map<Step, List<Integer>> lines) {}

    private final Path tree;
    private final Coccinelle coccinelle;
    private final Map<String, String> texts = new LinkedHashMap<>();
    private final List<EditOutcome> outcomes = new ArrayList<>();

    private EditRun(Path tree, Coccinelle coccinelle) {
        this.tree = tree;
        this.coccinelle = coccinelle;
    }

    static EditRun of(List<Step> steps, Path tree, Coccinelle coccinelle)
            throws IOException, TwinException, InterruptedException {
        EditRun run = new EditRun(tree, coccinelle);
        Map<String, Chain> chains = run.chains(steps);
        chains.values().forEach(chain -> run.texts.put(chain.file(), chain.text()));
        for (Step step : steps) {
            run.outcomes.add(run.outcome(step, chains));
        }
        return run;
    }

    List<EditOutcome> outcomes() {
        return List.copyOf(outcomes);
    }

    /** The changed files by their paths in the source. */
    Map<String, String> texts() {
        return Map.copyOf(texts);
    }

    private Map<String, Chain> chains(List<Step> steps) throws IOException, TwinException, InterruptedException {
        Map<String, List<Step>> byFile = new LinkedHashMap<>();
        for (Step step : steps) {
            for (String file : step.edit().terms().files()) {
                if (Files.isRegularFile(tree.resolve(file))) {
                    byFile.computeIfAbsent(file, _ -> new ArrayList<>()).add(step);
                }
            }
        }
        // Threads of the platform: a program ends with the thread that started it (see Tool), which a carrier of
        // virtual
        // threads may do at any time.
        ExecutorService threads =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            Map<String, Future<Chain>> running = new LinkedHashMap<>();
            byFile.forEach((file, all) -> running.put(file, threads.submit(() -> chain(file, all))));
            Map<String, Chain> done = new HashMap<>();
            for (Map.Entry<String, Future<Chain>> each : running.entrySet()) {
                done.put(each.getKey(), each.getValue().get());
            }
            return done;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TwinException said) {
                throw said;
            }
            if (e.getCause() instanceof IOException failed) {
                throw failed;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            threads.shutdownNow();
            threads.close();
        }
    }

    private Chain chain(String file, List<Step> steps) throws IOException, TwinException, InterruptedException {
        String text = Files.readString(tree.resolve(file));
        Map<Step, List<Integer>> lines = new HashMap<>();
        for (Step step : steps) {
            Edit.Change change = step.edit().change(file, text, coccinelle);
            lines.put(step, change.lines());
            // An edit of several files can't be judged here: what it finds is made, and counted when all is done.
            text = change.text();
        }
        return new Chain(file, text, lines);
    }

    private EditOutcome outcome(Step step, Map<String, Chain> chains) throws IOException {
        EditTerms terms = step.edit().terms();
        List<Chain> there = terms.files().stream()
                .flatMap(file -> Optional.ofNullable(chains.get(file)).stream())
                .toList();
        int found = 0;
        List<String> places = new ArrayList<>();
        for (Chain chain : there) {
            List<Integer> lines = chain.lines().getOrDefault(step, List.of());
            found += lines.size();
            if (!lines.isEmpty()) {
                places.add("at line " + lines.stream().map(String::valueOf).collect(Collectors.joining(", "))
                        + (terms.files().size() > 1 ? " of " + chain.file() : ""));
            }
        }
        if (there.isEmpty() && step.expected() > 0) {
            return outcome(step, 0, EditOutcome.Verdict.NOT_THERE, "there is no such file");
        }
        if (found != step.expected()) {
            return outcome(
                    step,
                    found,
                    EditOutcome.Verdict.NO_MATCH,
                    found > 0 ? String.join(" and ", places) : nearest(step, there));
        }
        for (Chain chain : there) {
            Optional<String> left = left(terms.absent(), chain.file(), chain.text());
            if (left.isPresent()) {
                return outcome(step, found, EditOutcome.Verdict.NO_MATCH, left.get());
            }
        }
        return outcome(
                step,
                found,
                found == 0 ? EditOutcome.Verdict.NOT_NEEDED : EditOutcome.Verdict.MATCH,
                String.join(" and ", places));
    }

    private static EditOutcome outcome(Step step, int found, EditOutcome.Verdict verdict, String place) {
        return new EditOutcome(step.edit(), step.expected(), found, verdict, place);
    }

    private String nearest(Step step, List<Chain> there) throws IOException {
        List<String> clauses = new ArrayList<>();
        for (Chain chain : there) {
            clauses.add((there.size() > 1 ? "in " + chain.file() + " " : "")
                    + step.edit().nearest(Files.readString(tree.resolve(chain.file()))));
        }
        return String.join("; ", clauses);
    }

    /** Where an identifier still is that an edit wants gone. */
    private static Optional<String> left(List<String> absent, String file, String text) {
        String code = absent.isEmpty() ? "" : CText.code(text);
        return absent.stream()
                .flatMap(identifier -> CText.lineOf(identifier, code)
                        .map(line -> identifier + " is still at line " + line + " of the edited " + file)
                        .stream())
                .findFirst();
    }
}
