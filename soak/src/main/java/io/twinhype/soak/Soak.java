package io.twinhype.soak;

import io.twinhype.check.CheckException;
import io.twinhype.check.CheckProgram;
import io.twinhype.lab.LabException;
import io.twinhype.lab.LabKernel;
import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Trio;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Shows in the lab that two hypervisors can be trusted beside each other: everything is done to one that the other's guests
 * might notice, and the guests look. Then each guard is taken out, and the check that looks after it must fail.
 */
public final class Soak {
    /** The file of the report, in the results directory. */
    public static final String REPORT = "report.json";

    /** For a boot and the tasks that take no time by themselves; a lab on a busy machine is slow. */
    private static final Duration ALLOWANCE = Duration.ofMinutes(8);

    /** A reload with a guest on it, 2 to 4 s on an idle machine. */
    private static final Duration PER_RELOAD = Duration.ofSeconds(15);

    /** Two emulated CPUs in one thread are slow. */
    private static final Duration PER_CYCLE = Duration.ofMinutes(2);

    /** For one guard's lab. */
    private static final Duration GUARD = Duration.ofMinutes(6);

    private final SoakOptions options;
    private final TwinCache cache;
    private final KernelSources sources;
    private final Progress progress;
    private final PrintStream told;
    private final long startNanos = System.nanoTime();

    /** @param told is told what happens, a line each */
    public Soak(SoakOptions options, TwinCache cache, KernelSources sources, Progress progress, PrintStream told) {
        this.options = options;
        this.cache = cache;
        this.sources = sources;
        this.progress = progress;
        this.told = told;
    }

    /**
     * Does it all and writes {@link #REPORT}.
     *
     * @throws SoakException if there is nothing to report on
     */
    public SoakReport run() throws SoakException, CheckException, TwinException, LabException, InterruptedException {
        Path scratch = fresh(options.out().resolve("sources"));
        KernelTree kernel = new KernelPackages(cache, progress).obtain(KernelSeries.of(options.series()));
        Path checker = CheckProgram.build(cache.directory().resolve("check"));
        SoakBuilds builds = new SoakBuilds(kernel, cache, sources, progress, scratch);
        Trio trio = builds.trio();
        ModuleBuild foreign = builds.foreign();

        SoakLab lab = new SoakLab(
                kernel(kernel), Map.of("CHECKER", checker.toString(), "TWINHYPE", wrapper()), options.out(), told);
        List<Check> checks = new ArrayList<>();
        List<String> problems = new ArrayList<>();

        Check verified = builds.verifierRefuses(trio.base(), foreign);
        checks.add(verified);
        if (!verified.ok()) {
            problems.add("ELF verification, " + verified.name() + ": " + verified.sentence());
        }
        Map<String, String> files = new TreeMap<>(variables(trio));
        files.put("HALF_A", builds.halfWay().file().toString());
        files.put("FOREIGN_A", foreign.file().toString());
        together(lab, "together", 1, ModuleToLoad.of(trio.files()), files, tasks(), checks, problems);
        if (options.size().hotplugCycles() > 0) {
            hotplug(lab, kernel, trio, checks, problems);
        }
        List<GuardOutcome> guards = new ArrayList<>();
        for (Guard guard : options.guards()) {
            guards.add(without(guard, lab, trio.with(guard.twin(), builds.without(guard))));
        }
        guards.stream()
                .filter(each -> !each.noticed())
                .forEach(each ->
                        problems.add("Without the guard " + each.guard() + " nothing is noticed: " + each.sentence()));
        return report(kernel, trio, checks, guards, problems);
    }

    private List<String> tasks() {
        int reloads = options.size().reloads();
        return List.of(
                "refusals",
                "leak=" + options.size().leakSeconds(),
                "tags",
                "owners",
                "reload=A," + reloads,
                "reload=B," + reloads,
                "killed=A",
                "killed=B",
                "in_use",
                "half_way",
                "foreign_abi",
                "away");
    }

    /** Does tasks in one lab, all of which must come to a good result. */
    private void together(
            SoakLab lab,
            String name,
            int cpus,
            List<ModuleToLoad> modules,
            Map<String, String> files,
            List<String> tasks,
            List<Check> checks,
            List<String> problems)
            throws SoakException, LabException, InterruptedException {
        told.println("Lab " + name + ": " + String.join(" ", tasks));
        SoakLab.Boot boot = lab.run(name, cpus, modules, files, tasks, limit());
        checks.addAll(boot.checks());
        problems.addAll(boot.problems("Lab " + name));
        if (boot.checks().size() != tasks.size() && boot.end().isEmpty()) {
            problems.add("Lab " + name + ": of " + tasks.size() + " tasks "
                    + boot.checks().size() + " came to a result.");
        }
    }

    /** With a control: what goes wrong with the stock modules, too, is the emulator's. */
    private void hotplug(SoakLab lab, KernelTree kernel, Trio trio, List<Check> checks, List<String> problems)
            throws SoakException, LabException, InterruptedException {
        List<String> tasks = List.of("hotplug=" + options.size().hotplugCycles());
        together(lab, "hotplug", 2, ModuleToLoad.of(trio.files()), variables(trio), tasks, checks, problems);
        LabKernel stock = kernel(kernel);
        List<Check> control = new ArrayList<>();
        List<String> amiss = new ArrayList<>();
        together(
                lab,
                "hotplug-stock",
                2,
                List.of(stock.module("kvm"), stock.module("kvm-amd")),
                Map.of("STOCK", "yes"),
                tasks,
                control,
                amiss);
        control.forEach(check -> checks.add(new Check(
                check.name() + "-stock",
                check.ok(),
                "control with stock KVM: " + check.sentence(),
                check.figures(),
                check.details())));
        amiss.forEach(problem -> told.println("  With stock KVM alone, too: " + problem));
    }

    /** The check must fail, or the lab's kernel complain or die. */
    private GuardOutcome without(Guard guard, SoakLab lab, Trio trio)
            throws SoakException, LabException, InterruptedException {
        told.println("Lab without-" + guard.word() + ": " + guard.task());
        SoakLab.Boot boot = lab.run(
                "without-" + guard.word(),
                1,
                ModuleToLoad.of(trio.files()),
                variables(trio),
                List.of(guard.task()),
                GUARD);
        boolean failed = boot.checks().stream().anyMatch(check -> check.name().equals(guard.check()) && !check.ok());
        boolean noticed = failed || !boot.complaints().isEmpty();
        List<String> seen = boot.problems(guard.check());
        String sentence = seen.isEmpty()
                ? boot.checks().isEmpty()
                        ? "the check did not come to a result"
                        : boot.checks().getFirst().sentence()
                : String.join("; ", seen.subList(0, Math.min(seen.size(), 3)));
        return new GuardOutcome(guard.word(), guard.twin().name(), guard.check(), noticed, sentence);
    }

    private Duration limit() {
        SoakSize size = options.size();
        return ALLOWANCE
                .plusSeconds(size.leakSeconds())
                .plus(PER_RELOAD.multipliedBy(2L * size.reloads()))
                .plus(PER_CYCLE.multipliedBy(size.hotplugCycles()));
    }

    private SoakReport report(
            KernelTree kernel, Trio trio, List<Check> checks, List<GuardOutcome> guards, List<String> problems)
            throws SoakException {
        Map<String, String> environment = new TreeMap<>(Map.of(
                "finished", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                "series", options.series(),
                "kernel", kernel.release(),
                "kernelPackage", kernel.version(),
                "hostKernel", System.getProperty("os.version"),
                "hostCpus", String.valueOf(Runtime.getRuntime().availableProcessors()),
                "qemu", qemu(),
                "base", trio.base().record().identity(),
                "a", trio.a().record().identity(),
                "b", trio.b().record().identity()));
        SoakReport report = new SoakReport(
                problems.isEmpty(),
                problems,
                options.size(),
                checks,
                guards,
                environment,
                Math.round((System.nanoTime() - startNanos) / 1e8) / 10.0);
        SoakJson.write(options.out().resolve(REPORT), report);
        return report;
    }

    private static LabKernel kernel(KernelTree kernel) {
        return new LabKernel(kernel.release(), kernel.vmlinuz(), kernel.modulesDirectory());
    }

    private static String qemu() {
        try {
            Process process = new ProcessBuilder("qemu-system-x86_64", "--version")
                    .redirectErrorStream(true)
                    .start();
            try (InputStream said = process.getInputStream()) {
                return new String(said.readAllBytes(), StandardCharsets.UTF_8)
                        .lines()
                        .findFirst()
                        .orElse("unknown");
            }
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** A script that is the command twinhype, in the lab, too; empty if there is none. */
    private String wrapper() throws SoakException {
        if (options.twinhype().isEmpty()) {
            return "";
        }
        StringBuilder words = new StringBuilder("#!/bin/sh\nexec");
        options.twinhype()
                .forEach(word ->
                        words.append(" '").append(word.replace("'", "'\\''")).append("'"));
        try {
            Path script = Files.writeString(options.out().resolve("twinhype"), words + " \"$@\"\n");
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
            return script.toString();
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    /** An empty directory in place of what an earlier run left. */
    private Path fresh(Path directory) throws SoakException {
        try {
            Files.deleteIfExists(options.out().resolve(REPORT));
            if (Files.exists(directory)) {
                try (Stream<Path> tree = Files.walk(directory)) {
                    for (Path each : tree.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(each);
                    }
                }
            }
            return Files.createDirectories(directory);
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private SoakException unusable(IOException e) {
        return new SoakException(
                "The directory " + options.out() + " cannot be used for results (" + e.getMessage()
                        + "): name another one with --out.",
                e);
    }

    /** What soak.sh calls them. */
    private static Map<String, String> variables(Trio trio) {
        return Map.of(
                "BASE", trio.base().file().toString(),
                "A", trio.a().file().toString(),
                "B", trio.b().file().toString());
    }
}
