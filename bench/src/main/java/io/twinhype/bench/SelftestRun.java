package io.twinhype.bench;

import io.twinhype.lab.Lab;
import io.twinhype.lab.LabClock;
import io.twinhype.lab.LabCommand;
import io.twinhype.lab.LabException;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabSpec;
import io.twinhype.twin.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs a list of selftests on one hypervisor, in as many labs as that takes: one that does not survive a test ends there. */
final class SelftestRun {
    private static final String SCRIPT = "selftests.sh";
    private static final int MEMORY_MEBIBYTES = 6144;

    /** For the lab's boot, and for what is done between tests. */
    private static final Duration MARGIN = Duration.ofMinutes(3);

    private final BenchModules modules;
    private final Path programs;
    private final Map<String, String> arguments;
    private final Duration limit;
    private final Progress progress;

    /**
     * Prepares runs.
     *
     * @param arguments of the tests that get any
     * @param limit of one test
     */
    SelftestRun(BenchModules modules, Path programs, Map<String, String> arguments, Duration limit, Progress progress) {
        this.modules = modules;
        this.programs = programs;
        this.arguments = Map.copyOf(arguments);
        this.limit = limit;
        this.progress = progress;
    }

    /** The outcomes by test; what the tests said is below the directory. */
    Map<String, SelftestOutcome> on(SelftestSubject subject, List<String> tests, Path directory)
            throws BenchException, LabException, InterruptedException {
        Map<String, SelftestOutcome> outcomes = new LinkedHashMap<>();
        List<String> left = new ArrayList<>(tests);
        for (int lab = 1; !left.isEmpty(); lab++) {
            Path out = directory.resolve(lab == 1 ? subject.label() : subject.label() + "-" + lab);
            progress.started("Running " + left.size() + " selftests on " + subject.label());
            long start = System.nanoTime();
            Map<String, SelftestOutcome> some = inOneLab(subject, left, out);
            progress.finished(
                    some.size() + " selftests on " + subject.label(), Duration.ofNanos(System.nanoTime() - start));
            outcomes.putAll(some);
            left.removeAll(some.keySet());
            if (some.isEmpty()) {
                throw new BenchException("The lab ran none of the selftests on " + subject.label() + "; see "
                        + out.resolve("console.log") + ".");
            }
        }
        return outcomes;
    }

    private Map<String, SelftestOutcome> inOneLab(SelftestSubject subject, List<String> tests, Path out)
            throws BenchException, LabException, InterruptedException {
        Path results = out.resolve("results");
        try {
            clear(out);
            Files.write(out.resolve("tests"), tests.stream().map(this::line).toList());
            Files.write(out.resolve(SCRIPT), script());
            String death = "";
            List<String> complaints;
            try {
                // Some tests compare clocks within 1 %, which a busy host's time does not allow.
                complaints = Lab.of(new LabSpec(
                                modules.kernel(), MEMORY_MEBIBYTES, 1, subject.modules(modules), LabClock.INSTRUCTIONS))
                        .run(
                                command(subject, out),
                                out,
                                limit.multipliedBy(tests.size()).plus(MARGIN),
                                new LabOutput(OutputStream.nullOutputStream(), OutputStream.nullOutputStream()))
                        .kernelComplaints();
            } catch (LabException.MachineLost e) {
                death = String.valueOf(e.getMessage());
                complaints = e.kernelLines();
            } catch (LabException.TimedOut e) {
                death = String.valueOf(e.getMessage());
                complaints = e.kernelLines();
            }
            return new SelftestLines(out, SelftestLines.byTest(out.resolve("console.log"), complaints), death)
                    .outcomes(results);
        } catch (IOException e) {
            throw new BenchException(
                    "Cannot use " + out + " for results (" + e.getMessage() + "): name another directory with --out.",
                    e);
        }
    }

    private String line(String test) {
        return (test + " " + arguments.getOrDefault(test, "")).strip();
    }

    /** What an earlier run left must not be taken for this one's. */
    private static void clear(Path out) throws IOException {
        Files.createDirectories(out);
        try (var files = Files.list(out)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
    }

    private LabCommand command(SelftestSubject subject, Path out) {
        return new LabCommand(
                List.of(
                        "sh",
                        out.resolve(SCRIPT).toString(),
                        subject.device().toString(),
                        subject.module(),
                        Long.toString(limit.toSeconds()),
                        programs.toString(),
                        out.resolve("tests").toString(),
                        out.resolve("results").toString()),
                Path.of("/"),
                Map.of());
    }

    private static byte[] script() throws IOException {
        try (InputStream in = SelftestRun.class.getResourceAsStream(SCRIPT)) {
            if (in == null) {
                throw new IOException(SCRIPT + " is missing from the jar");
            }
            return in.readAllBytes();
        }
    }

    /** What a test said, which need not be text. */
    static List<String> said(Path out, String test) throws IOException {
        Path log = out.resolve(test.replace('/', '_') + ".log");
        return Files.exists(log)
                ? new String(Files.readAllBytes(log), StandardCharsets.ISO_8859_1)
                        .lines()
                        .toList()
                : List.of();
    }
}
