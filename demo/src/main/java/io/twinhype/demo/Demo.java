package io.twinhype.demo;

import io.twinhype.cc.CompileException;
import io.twinhype.demo.DemoReport.StepRow;
import io.twinhype.demo.ExperimentPlan.ComparisonPlan;
import io.twinhype.graft.GraftLibrary;
import io.twinhype.guest.GuestException;
import io.twinhype.guest.GuestImage;
import io.twinhype.lab.Lab;
import io.twinhype.lab.LabCommand;
import io.twinhype.lab.LabException;
import io.twinhype.lab.LabKernel;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import io.twinhype.lab.LabSpec;
import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The demo's half on the host: prepares everything, runs the experiment in the lab, and makes the report. */
public final class Demo {
    private static final String PROBE = "/sys/module/invlpga_probe/parameters/outcome";
    private static final String REPORT = "report.json";
    private static final int COMPARISON_MEMORY_MEBIBYTES = 8192;
    private static final Duration EXPERIMENT_LIMIT = Duration.ofMinutes(12);
    private static final Duration COMPARISON_LIMIT = Duration.ofMinutes(25);

    private final DemoOptions options;
    private final TwinCache cache;
    private final KernelSources sources;
    private final PrintStream out;
    private final long startNanos = System.nanoTime();

    /**
     * Prepares a demo.
     *
     * @param out where progress is told, a line per step
     */
    public Demo(DemoOptions options, TwinCache cache, KernelSources sources, PrintStream out) {
        this.options = options;
        this.cache = cache;
        this.sources = sources;
        this.out = out;
    }

    /**
     * Performs the experiment and writes {@code report.json}.
     *
     * @throws DemoException if there is nothing to report on; its message says why
     */
    public DemoReport run() throws DemoException, TwinException, GuestException, LabException, InterruptedException {
        ElapsedLines lines = new ElapsedLines(out, startNanos);
        Narrator narrator = new Narrator(new PrintStream(lines, true, StandardCharsets.UTF_8));
        Path results = resultsDirectory();
        NarratedProgress progress = new NarratedProgress(narrator);
        KernelTree kernel = new KernelPackages(cache, progress).obtain(options.kernel());
        narrator.say("Kernel " + kernel.release() + ", version " + kernel.version());
        Builds builds = Builds.make(kernel, new HypervisorBuilder(cache, sources, progress), sources, narrator);
        GuestImage guest = GuestImage.build(
                kernel.root(),
                cache.directory().resolve("guest"),
                List.of(builds.probe().file()));
        ExperimentPlan plan = plan(builds, guest, graftLibrary(narrator));
        Path planFile = results.resolve("plan.json");
        Path outcomeFile = results.resolve("outcome.json");
        write(planFile, plan);
        LabResult lab = inLab(kernel, builds, planFile, outcomeFile, results, lines, narrator);
        return report(kernel, builds, lab, read(outcomeFile, lab), results, narrator);
    }

    private Path graftLibrary(Narrator narrator) throws DemoException {
        try {
            return GraftLibrary.build(cache.directory().resolve("graft"), narrator::say);
        } catch (CompileException e) {
            throw new DemoException("The VMs can't be made ready for a graft: " + e.getMessage() + ".", e);
        }
    }

    private ExperimentPlan plan(Builds builds, GuestImage guest, Path graftLibrary) {
        List<ComparisonPlan> comparison = options.comparedMemory().stream()
                .map(memory -> new ComparisonPlan(memory, options.comparedRuns()))
                .toList();
        return new ExperimentPlan(
                options.method(),
                graftLibrary,
                guest.kernel(),
                guest.initramfs(),
                PROBE,
                List.of(builds.a().slot(), builds.b().slot()),
                options.fault(),
                comparison);
    }

    private LabResult inLab(
            KernelTree kernel,
            Builds builds,
            Path plan,
            Path outcome,
            Path results,
            ElapsedLines lines,
            Narrator narrator)
            throws LabException, InterruptedException {
        List<ModuleToLoad> modules = List.of(
                new ModuleToLoad(builds.base().file()),
                new ModuleToLoad(builds.a().before().file()),
                new ModuleToLoad(builds.b().before().file()));
        LabSpec spec = new LabSpec(
                new LabKernel(kernel.release(), kernel.vmlinuz(), kernel.modulesDirectory()),
                // A guest of 2 GiB and its copy, in --compare.
                options.comparedMemory().isEmpty() ? LabSpec.DEFAULT_MEMORY_MEBIBYTES : COMPARISON_MEMORY_MEBIBYTES,
                1,
                modules);
        LabOutput output = new LabOutput(
                lines,
                lines,
                took -> narrator.done("Lab booted, base, A and B loaded in it", took.toMillis() / 1000.0));
        Duration limit =
                options.comparedMemory().isEmpty() ? EXPERIMENT_LIMIT : EXPERIMENT_LIMIT.plus(COMPARISON_LIMIT);
        return Lab.of(spec)
                .run(
                        LabCommand.java(ExperimentMain.class, plan.toString(), outcome.toString()),
                        results,
                        limit,
                        output);
    }

    private DemoReport report(
            KernelTree kernel, Builds builds, LabResult lab, ExperimentOutcome outcome, Path results, Narrator narrator)
            throws DemoException {
        List<String> problems = new ArrayList<>(outcome.problems());
        problems.addAll(Verdict.problems(outcome));
        lab.kernelComplaints().forEach(line -> problems.add("The lab's kernel complained: " + line));
        List<StepRow> steps = new ArrayList<>(narrator.steps());
        steps.addAll(outcome.steps());
        Map<String, String> environment = new TreeMap<>(outcome.environment());
        environment.put(
                "finished", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        environment.put("kernelPackage", kernel.version());
        environment.put("hostKernel", System.getProperty("os.version"));
        environment.put("hostCpus", String.valueOf(Runtime.getRuntime().availableProcessors()));
        environment.put("java", System.getProperty("java.runtime.version"));
        DemoReport report = new DemoReport(
                problems.isEmpty(),
                problems,
                builds.fix(),
                outcome.migrations(),
                outcome.hypervisors(),
                outcome.guests(),
                steps,
                outcome.comparisons(),
                lab.kernelComplaints(),
                Math.round((System.nanoTime() - startNanos) / 1e8) / 10.0,
                environment);
        write(results.resolve(REPORT), report);
        return report;
    }

    private Path resultsDirectory() throws DemoException {
        Path results = options.out().toAbsolutePath().normalize();
        try {
            Files.createDirectories(results);
            // What an earlier run left must not be taken for this one's.
            Files.deleteIfExists(results.resolve(REPORT));
            Files.deleteIfExists(results.resolve("outcome.json"));
            GuestLogs.clear(results.resolve(GuestLogs.DIRECTORY));
            return results;
        } catch (IOException e) {
            throw new DemoException(
                    "The directory " + results + " cannot be used for results (" + e.getMessage()
                            + "): name another one with --out.",
                    e);
        }
    }

    private static void write(Path file, Object value) throws DemoException {
        try {
            Files.writeString(file, DemoJson.mapper().writeValueAsString(value) + "\n");
        } catch (IOException e) {
            throw new DemoException("Cannot write " + file + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }

    private static ExperimentOutcome read(Path file, LabResult lab) throws DemoException {
        if (!Files.exists(file)) {
            throw new DemoException("The experiment ended with status " + lab.exitStatus()
                    + " and without an outcome. What the lab's kernel said is in " + lab.consoleLog() + ".");
        }
        return DemoJson.mapper().readValue(file.toFile(), ExperimentOutcome.class);
    }
}
