package io.twinhype.bench;

import io.twinhype.cc.CompileException;
import io.twinhype.graft.GraftLibrary;
import io.twinhype.guest.GuestException;
import io.twinhype.guest.GuestImage;
import io.twinhype.lab.Lab;
import io.twinhype.lab.LabCommand;
import io.twinhype.lab.LabException;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import io.twinhype.lab.LabSpec;
import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;

/**
 * Compares the ways to move a VM: the same guest goes back and forth between A and B by each of them in turn, in one lab, and
 * what it notices is the longest silence of its heartbeat.
 */
public final class MigrateBench {
    /** Of the lab, beside the guest's RAM and its copy: the kernel, two QEMUs, Java, the file cache, MiB. */
    private static final int LAB_MEBIBYTES = 2560;

    /** Seen: 25 s for one move by each method on a busy machine; an emulated machine that hangs shall be ended some time. */
    private static final Duration LIMIT_PER_RUN = Duration.ofMinutes(4);

    private static final Duration LIMIT_PER_GUEST = Duration.ofMinutes(10);

    private final MigrateOptions options;
    private final TwinCache cache;
    private final KernelSources sources;
    private final Progress progress;

    /** Prepares a comparison. */
    public MigrateBench(MigrateOptions options, TwinCache cache, KernelSources sources, Progress progress) {
        this.options = options;
        this.cache = cache;
        this.sources = sources;
        this.progress = progress;
    }

    /**
     * Compares, and writes {@code migrate.json}.
     *
     * @throws BenchException if there is nothing to report on; its message says why
     */
    public MigrateReport run() throws BenchException, TwinException, LabException, InterruptedException {
        Path out = options.out().toAbsolutePath().normalize();
        BenchModules modules = BenchModules.of(options.series(), cache, sources, progress);
        Path plan = out.resolve("plan.json");
        Path outcome = out.resolve("outcome.json");
        prepare(out, outcome);
        MigratePlan orders = plan(modules);
        write(plan, JsonMapper.builder().build().writeValueAsString(orders));
        String load = load();
        progress.started("Moving guests");
        MigrateReport report = report(
                Lab.of(new LabSpec(
                        modules.kernel(),
                        memory(),
                        1,
                        ModuleToLoad.of(modules.trio().files()))),
                LabCommand.java(MigrateMain.class, plan.toString(), outcome.toString()),
                outcome,
                () -> environment(modules, orders, load + " at the start and " + load() + " at the end"));
        write(out.resolve("migrate.json"), BenchJson.text(report));
        return report;
    }

    /** What guests were done before a machine is lost, hours after the beginning maybe, counts nevertheless. */
    private MigrateReport report(Lab lab, LabCommand command, Path outcome, Supplier<Map<String, String>> environment)
            throws BenchException, LabException, InterruptedException {
        NotedLines told = new NotedLines(progress);
        try {
            LabResult result = lab.run(command, options.out().toAbsolutePath(), limit(), new LabOutput(told, told));
            progress.finished("Moving guests in the lab", result.runTime());
            if (!Files.exists(outcome)) {
                throw new BenchException("The comparison ended with status " + result.exitStatus()
                        + " in the lab, before the first guest was done. The lab's console is in "
                        + result.consoleLog() + ".");
            }
            return MigrateReport.of(read(outcome), List.of(), result.kernelComplaints(), environment.get());
        } catch (LabException.MachineLost lost) {
            if (!Files.exists(outcome)) {
                throw lost;
            }
            return MigrateReport.of(
                    read(outcome), List.of(String.valueOf(lost.getMessage())), lost.kernelLines(), environment.get());
        }
    }

    private MigratePlan plan(BenchModules modules) throws BenchException {
        try {
            GuestImage image =
                    GuestImage.build(modules.tree().root(), cache.directory().resolve("guest"), List.of());
            Path library = GraftLibrary.build(cache.directory().resolve("graft"), progress::note);
            return new MigratePlan(
                    image.kernel(), image.initramfs(), library, options.parts(), options.runs(), options.beatMicros());
        } catch (GuestException | CompileException failed) {
            throw new BenchException(String.valueOf(failed.getMessage()), failed);
        }
    }

    /** RAM is in a tmpfs, since handoff shares it, and sending it reads, and so fills, all of it on both sides. */
    private int memory() {
        int most = options.parts().stream()
                .mapToInt(part -> part.guest().memoryMebibytes())
                .max()
                .orElse(0);
        return Math.max(LabSpec.DEFAULT_MEMORY_MEBIBYTES, 2 * (most + LAB_MEBIBYTES / 2) + most / 4);
    }

    private Duration limit() {
        return LIMIT_PER_RUN
                .multipliedBy(options.runs())
                .plus(LIMIT_PER_GUEST)
                .multipliedBy(options.parts().size());
    }

    private Map<String, String> environment(BenchModules modules, MigratePlan orders, String load) {
        Map<String, String> environment = new TreeMap<>();
        environment.put(
                "finished", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        environment.put("kernel", modules.tree().release());
        environment.put("kernelPackage", modules.tree().version());
        environment.put("hostCpus", String.valueOf(Runtime.getRuntime().availableProcessors()));
        environment.put("hostLoad", load);
        environment.put("labMebibytes", String.valueOf(memory()));
        environment.put("library", String.valueOf(orders.library().getFileName()));
        environment.put("runs", String.valueOf(options.runs()));
        environment.put("beatMicros", String.valueOf(options.beatMicros()));
        return environment;
    }

    /** The host's load averages. */
    private static String load() {
        try {
            return Files.readString(Path.of("/proc/loadavg")).replaceFirst("^(\\S+ \\S+ \\S+) (?s:.*)$", "$1");
        } catch (IOException unknown) {
            return "unknown";
        }
    }

    private static void prepare(Path out, Path outcome) throws BenchException {
        try {
            Files.createDirectories(out);
            // What an earlier run left must not be taken for this one's.
            Files.deleteIfExists(outcome);
        } catch (IOException e) {
            throw new BenchException(
                    "Cannot write to " + out + " (" + e.getMessage() + "): name another directory with --out.", e);
        }
    }

    private static void write(Path file, String text) throws BenchException {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new BenchException("Cannot write " + file + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }

    private static MigrateOutcome read(Path outcome) {
        return JsonMapper.builder().build().readValue(outcome.toFile(), MigrateOutcome.class);
    }
}
