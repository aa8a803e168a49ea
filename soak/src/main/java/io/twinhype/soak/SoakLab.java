package io.twinhype.soak;

import io.twinhype.lab.Lab;
import io.twinhype.lab.LabCommand;
import io.twinhype.lab.LabException;
import io.twinhype.lab.LabKernel;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import io.twinhype.lab.LabSpec;
import io.twinhype.lab.ModuleToLoad;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Boots labs and runs soak.sh in them. */
final class SoakLab {
    /** The guests have 8 MiB each. */
    private static final int MEMORY_MEBIBYTES = 1024;

    private final LabKernel kernel;
    private final Map<String, String> environment;
    private final Path out;
    private final PrintStream told;

    /**
     * @param environment what soak.sh is given besides the modules
     * @param out a directory for the results, one below it for each boot
     */
    SoakLab(LabKernel kernel, Map<String, String> environment, Path out, PrintStream told) {
        this.kernel = kernel;
        this.environment = Map.copyOf(environment);
        this.out = out;
        this.told = told;
    }

    /**
     * What was seen in one boot.
     *
     * @param checks that came to a result
     * @param complaints of the lab's kernel
     * @param end why the tasks did not come to their end; empty if they did
     */
    record Boot(List<Check> checks, List<String> complaints, String end) {
        /** Everything that was not as it must be. */
        List<String> problems(String where) {
            List<String> problems = new ArrayList<>();
            checks.stream()
                    .filter(check -> !check.ok())
                    .forEach(check -> problems.add(where + ", " + check.name() + ": " + check.sentence()));
            complaints.forEach(line -> problems.add(where + ": the lab's kernel complained: " + line));
            if (!end.isEmpty()) {
                problems.add(where + ": " + end);
            }
            return problems;
        }
    }

    /** Boots a lab with these modules and has soak.sh do the tasks. */
    Boot run(
            String name,
            int cpus,
            List<ModuleToLoad> modules,
            Map<String, String> files,
            List<String> tasks,
            Duration limit)
            throws SoakException, LabException, InterruptedException {
        Path results = out.resolve(name);
        Path script = script(results);
        Lines lines = new Lines(line -> {
            if (line.startsWith("result ")) {
                told.println("  " + name + ": " + line.substring("result ".length()));
            }
        });
        Lines errors = new Lines(line -> told.println("  " + name + ": " + line));
        List<String> words = new ArrayList<>(List.of("sh", script.toString()));
        words.addAll(tasks);
        Map<String, String> variables = new HashMap<>(environment);
        variables.putAll(files);
        Lab lab = Lab.of(new LabSpec(kernel, MEMORY_MEBIBYTES, cpus, modules));
        try {
            LabResult result = lab.run(
                    new LabCommand(words, Path.of("/"), variables), results, limit, new LabOutput(lines, errors));
            String end = result.exitStatus() == 0 ? "" : "soak.sh ended with status " + result.exitStatus() + ".";
            return new Boot(CheckLines.parse(lines.lines()), result.kernelComplaints(), end);
        } catch (LabException.MachineLost e) {
            return new Boot(CheckLines.parse(lines.lines()), e.kernelLines(), String.valueOf(e.getMessage()));
        } catch (LabException.TimedOut e) {
            return new Boot(CheckLines.parse(lines.lines()), e.kernelLines(), String.valueOf(e.getMessage()));
        } finally {
            keep(results.resolve("soak.log"), lines.lines());
        }
    }

    /** All that soak.sh said, also how long each task took, for who looks for a cause. */
    private static void keep(Path log, List<String> lines) throws SoakException {
        try {
            Files.write(log, lines);
        } catch (IOException e) {
            throw new SoakException("Cannot write " + log + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }

    private static Path script(Path results) throws SoakException {
        try (InputStream in = SoakLab.class.getResourceAsStream("soak.sh")) {
            if (in == null) {
                throw new SoakException("soak.sh is missing from the jar.");
            }
            Files.createDirectories(results);
            return Files.write(results.resolve("soak.sh"), in.readAllBytes());
        } catch (IOException e) {
            throw new SoakException(
                    "The directory " + results + " cannot be used for results (" + e.getMessage()
                            + "): name another one with --out.",
                    e);
        }
    }
}
