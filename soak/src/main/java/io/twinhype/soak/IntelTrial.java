package io.twinhype.soak;

import io.twinhype.check.CheckException;
import io.twinhype.check.CheckProgram;
import io.twinhype.lab.BochsLab;
import io.twinhype.lab.BochsSpec;
import io.twinhype.lab.LabException;
import io.twinhype.lab.LabKernel;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import io.twinhype.twin.BuildRequest;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.ModuleVerifier;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Twin;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import io.twinhype.twin.Vendor;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Shows on an emulated Intel processor that base, A and B work beside each other: what {@link Soak} shows on AMD's, as far as
 * it can be done with a machine that runs small guests only (docs/adr/0018).
 */
public final class IntelTrial {
    private final KernelTree tree;
    private final LabKernel kernel;
    private final TwinCache cache;
    private final KernelSources sources;
    private final Progress progress;
    private final PrintStream told;
    private final Path out;

    private IntelTrial(
            KernelTree tree, TwinCache cache, KernelSources sources, Progress progress, Path out, PrintStream told) {
        this.tree = tree;
        this.kernel = new LabKernel(tree.release(), tree.vmlinuz(), tree.modulesDirectory());
        this.cache = cache;
        this.sources = sources;
        this.progress = progress;
        this.out = out;
        this.told = told;
    }

    /**
     * A trial on a kernel of a series such as 6.1, whose packages are fetched if they are not there.
     *
     * @param out where results go: a directory for each boot of the lab
     * @param told is told what happens, a line each
     */
    public static IntelTrial on(
            String series, TwinCache cache, KernelSources sources, Progress progress, Path out, PrintStream told)
            throws TwinException, InterruptedException {
        KernelTree tree = new KernelPackages(cache, progress).obtain(KernelSeries.of(series));
        return new IntelTrial(
                tree, cache, sources, progress, out.toAbsolutePath().normalize(), told);
    }

    /**
     * Boots the lab for each of the sizes, then once without each of the guards.
     *
     * @param command by which this was asked for, for the report
     * @throws SoakException if there is nothing to report on
     */
    public IntelReport run(List<IntelSize> sizes, List<IntelGuard> guards, String command)
            throws SoakException, CheckException, TwinException, LabException, InterruptedException {
        long start = System.nanoTime();
        List<IntelBoot> boots = new ArrayList<>();
        for (IntelSize size : sizes) {
            boots.add(run(size));
        }
        List<GuardOutcome> outcomes = new ArrayList<>();
        for (IntelGuard guard : guards) {
            outcomes.add(without(guard));
        }
        Map<String, String> environment = Map.of(
                "command", command,
                "series", tree.series(),
                "finished", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                "kernel", tree.release(),
                "host CPUs", String.valueOf(Runtime.getRuntime().availableProcessors()),
                "host kernel", System.getProperty("os.version"),
                "emulator", BochsLab.version(),
                "base", builder(sources).buildBase(tree).record().identity(),
                "A", twin(Twin.A).record().identity(),
                "B", twin(Twin.B).record().identity());
        return new IntelReport(
                boots, sizes, outcomes, environment, Math.round((System.nanoTime() - start) / 1e8) / 10.0);
    }

    /**
     * Boots the lab once and does everything in it.
     *
     * @param size how much
     * @throws SoakException if there is nothing to report on
     */
    public IntelBoot run(IntelSize size)
            throws SoakException, CheckException, TwinException, LabException, InterruptedException {
        return boot(size.cpus() == 1 ? "one-cpu" : "two-cpus", builder(sources).buildBase(tree), size, size.steps());
    }

    /** Boots the lab with a guard taken out of the base; its step must fail, or the kernel complain. */
    public GuardOutcome without(IntelGuard guard)
            throws SoakException, CheckException, TwinException, LabException, InterruptedException {
        KernelSources changed = changed(guard);
        List<String> steps = new ArrayList<>(List.of("load"));
        steps.add(guard.step());
        IntelBoot boot = boot("without-" + guard.word(), builder(changed).buildBase(tree), IntelSize.QUICK, steps);
        boolean loaded = boot.checks().stream().anyMatch(check -> check.name().equals("load") && check.ok());
        List<String> problems = boot.problems();
        boolean noticed = loaded && boot.noticed();
        String sentence = !loaded
                ? "base, A and B did not load, so nothing was shown: " + String.join(" ", problems)
                : problems.isEmpty() ? "nothing was noticed" : problems.getFirst();
        return new GuardOutcome(guard.word(), "base", guard.step(), noticed, sentence);
    }

    private HypervisorBuilder builder(KernelSources from) {
        return new HypervisorBuilder(cache, from, progress);
    }

    private ModuleBuild twin(Twin twin) throws TwinException, InterruptedException {
        return builder(sources).build(new BuildRequest(twin, tree, Vendor.VMX, List.of()));
    }

    private KernelSources changed(IntelGuard guard) throws SoakException {
        Path copy = out.resolve("sources").resolve(guard.word());
        try {
            remove(copy);
            Files.createDirectories(copy.getParent());
            KernelSources changed = KernelVariant.copy(sources, copy).sources();
            Path file = changed.base().resolve(guard.file());
            Files.writeString(file, guard.takenOutOf(Files.readString(file)));
            return changed;
        } catch (IOException e) {
            throw new SoakException(
                    "The copy of the kernel sources in " + copy + " cannot be changed (" + e.getMessage()
                            + "): is the disk full?",
                    e);
        }
    }

    private static void remove(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> tree = Files.walk(directory)) {
                for (Path each : tree.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(each);
                }
            }
        }
    }

    private IntelBoot boot(String name, ModuleBuild base, IntelSize size, List<String> steps)
            throws SoakException, CheckException, TwinException, LabException, InterruptedException {
        ModuleBuild a = twin(Twin.A);
        ModuleBuild b = twin(Twin.B);
        new ModuleVerifier(tree).verify(base, List.of(a, b));
        Path results = out.resolve(name);
        Map<String, Path> files = new LinkedHashMap<>();
        files.put("trial/intel.sh", script(results));
        files.put("trial/check", CheckProgram.build(cache.directory().resolve("check")));
        files.put("trial/twinhype_base.ko", base.file());
        files.put("trial/twinhype_a.ko", a.file());
        files.put("trial/twinhype_b.ko", b.file());
        for (String stock : List.of("kvm", "kvm-intel")) {
            files.put("trial/" + stock + ".ko", kernel.module(stock).file());
        }
        BochsSpec spec = new BochsSpec(
                kernel,
                size.cpus(),
                BochsSpec.DEFAULT_MEMORY_MEBIBYTES,
                List.of(kernel.module("irqbypass")),
                Map.copyOf(files));
        List<String> words = new ArrayList<>(List.of("sh", "/trial/intel.sh"));
        words.addAll(size.words(steps));
        return boot(name, BochsLab.of(spec), size, words, steps);
    }

    private IntelBoot boot(String name, BochsLab lab, IntelSize size, List<String> words, List<String> steps)
            throws LabException, InterruptedException {
        Lines lines = new Lines(line -> {
            if (line.startsWith("result ")) {
                told.println("  " + name + ": " + line.substring("result ".length()));
            }
        });
        Lines errors = new Lines(line -> told.println("  " + name + ": " + line));
        try {
            LabResult result = lab.run(
                    words, out.resolve(name), Duration.ofSeconds(size.limitSeconds()), new LabOutput(lines, errors));
            List<Check> checks = CheckLines.parse(lines.lines());
            String end = checks.size() == steps.size()
                    ? ""
                    : "intel.sh ended with status " + result.exitStatus() + " before all its steps were done";
            double seconds = result.bootTime().plus(result.runTime()).toMillis() / 1000.0;
            return new IntelBoot(name, size.cpus(), checks, result.kernelComplaints(), end, seconds);
        } catch (LabException.MachineLost e) {
            return lost(name, size, lines, e.kernelLines(), e);
        } catch (LabException.TimedOut e) {
            return lost(name, size, lines, e.kernelLines(), e);
        }
    }

    private static IntelBoot lost(String name, IntelSize size, Lines lines, List<String> complaints, LabException e) {
        return new IntelBoot(
                name, size.cpus(), CheckLines.parse(lines.lines()), complaints, String.valueOf(e.getMessage()), 0);
    }

    private static Path script(Path results) throws SoakException {
        try (InputStream in = IntelTrial.class.getResourceAsStream("intel.sh")) {
            if (in == null) {
                throw new SoakException("intel.sh is missing from the jar.");
            }
            Files.createDirectories(results);
            return Files.write(results.resolve("intel.sh"), in.readAllBytes());
        } catch (IOException e) {
            throw new SoakException(
                    "The directory " + results + " cannot be used for results (" + e.getMessage()
                            + "): name another one with --out.",
                    e);
        }
    }
}
