package io.twinhype.bench;

import io.twinhype.bench.ExitReport.Row;
import io.twinhype.cc.CompileException;
import io.twinhype.graft.GraftLibrary;
import io.twinhype.lab.Lab;
import io.twinhype.lab.LabClock;
import io.twinhype.lab.LabCommand;
import io.twinhype.lab.LabException;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import io.twinhype.lab.LabSpec;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
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

/**
 * Counts what exits from a guest cost on stock KVM, on A alone, and on A with B loaded, in turn in one lab whose clock
 * counts instructions. Being a twin is what differs: source, compiler and options are otherwise the same. And the same on A,
 * without and with the graft library preloaded into the program that runs the guest.
 */
public final class ExitBench {
    private static final int MEMORY_MEBIBYTES = 1024;

    /** Seen: 20 s for two rounds of three repeats of 10,000 exits. */
    private static final Duration LIMIT = Duration.ofMinutes(30);

    private final ExitOptions options;
    private final TwinCache cache;
    private final KernelSources sources;
    private final Progress progress;

    /** Prepares a measurement. */
    public ExitBench(ExitOptions options, TwinCache cache, KernelSources sources, Progress progress) {
        this.options = options;
        this.cache = cache;
        this.sources = sources;
        this.progress = progress;
    }

    /**
     * Measures, and writes {@code exits.json}.
     *
     * @throws BenchException if nothing, or nothing of use, was measured
     */
    public ExitReport run() throws BenchException, TwinException, LabException, InterruptedException {
        Path out = options.out().toAbsolutePath().normalize();
        BenchModules modules = BenchModules.of(options.series(), cache, sources, progress);
        Path program = ExitProgram.write(out);
        Path library = library();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        progress.started("Counting");
        LabResult lab = Lab.of(new LabSpec(modules.kernel(), MEMORY_MEBIBYTES, 1, List.of(), LabClock.INSTRUCTIONS))
                .run(command(modules, program, library), out, LIMIT, new LabOutput(said, errors));
        progress.finished("Counting exits in the lab", lab.runTime());
        if (lab.exitStatus() != 0) {
            throw new BenchException("The measurement ended with status " + lab.exitStatus() + " in the lab, saying: "
                    + errors.toString(StandardCharsets.UTF_8).strip() + ". The lab's console is in "
                    + lab.consoleLog() + ".");
        }
        ExitReport report = report(ExitLines.of(said.toString(StandardCharsets.UTF_8)), modules, lab);
        write(report, out.resolve("exits.json"));
        return report;
    }

    private Path library() throws BenchException {
        try {
            return GraftLibrary.build(cache.directory().resolve("graft"), progress::note);
        } catch (CompileException failed) {
            throw new BenchException(String.valueOf(failed.getMessage()), failed);
        }
    }

    private LabCommand command(BenchModules modules, Path program, Path library) {
        List<String> words = new ArrayList<>(List.of(
                "sh",
                program.resolveSibling(ExitProgram.SCRIPT).toString(),
                Integer.toString(options.rounds()),
                Integer.toString(options.exits()),
                Integer.toString(options.repeats())));
        words.add(program.toString());
        words.add(program.resolveSibling(ExitProgram.DYNAMIC).toString());
        words.add(library.toString());
        modules.trio().files().forEach(module -> words.add(module.toString()));
        modules.stock().forEach(module -> words.add(module.toString()));
        return new LabCommand(words, Path.of("/"), Map.of());
    }

    private ExitReport report(ExitLines lines, BenchModules modules, LabResult lab) throws BenchException {
        double ticks = lines.ticksPerInstruction();
        // Interrupts are counted, too: a little more than 1 is an honest count.
        if (ticks < 0.99 || ticks > 1.05) {
            throw new BenchException(
                    "The lab's clock went " + ticks + " ticks per instruction instead of 1, so there is"
                            + " nothing to compare: does this QEMU support -icount?");
        }
        List<Row> rows = lines.rows();
        boolean within = rows.stream().filter(row -> row.kind().equals("cpuid")).allMatch(Row::withinPromise)
                && lab.kernelComplaints().isEmpty();
        Map<String, String> environment = new TreeMap<>();
        environment.put(
                "finished", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        environment.put("kernel", modules.tree().release());
        environment.put("kernelPackage", modules.tree().version());
        environment.put("rounds", Integer.toString(options.rounds()));
        environment.put("repeats", Integer.toString(options.repeats()));
        environment.put("exits", Integer.toString(options.exits()));
        return new ExitReport(within, ticks, rows, lines.libraryRows(), lab.kernelComplaints(), environment);
    }

    private static void write(ExitReport report, Path file) throws BenchException {
        try {
            Files.writeString(file, BenchJson.text(report));
        } catch (IOException e) {
            throw new BenchException("Cannot write " + file + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }
}
