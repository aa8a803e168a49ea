package io.twinhype.soak;

import io.twinhype.cc.CompileException;
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
import io.twinhype.soak.GraftCase.Boot;
import io.twinhype.soak.GraftCase.Vmm;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Trio;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import io.twinhype.twin.Vendor;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Shows in the lab that a running VM can be grafted from one hypervisor to another and back: every case of {@link GraftCases},
 * each in a VM of its own.
 */
public final class GraftSoak {
    /** The file of the report, in the results directory. */
    public static final String REPORT = "report.json";

    private static final int MEMORY_MEBIBYTES = 2048;

    /** One case on a busy machine, and one graft with what is waited for. */
    private static final Duration PER_CASE = Duration.ofMinutes(5);

    private static final Duration PER_GRAFT = Duration.ofSeconds(4);

    private static final String DEBIAN_13_QEMU = "usr/bin/qemu-system-x86_64";

    private final GraftOptions options;
    private final TwinCache cache;
    private final KernelSources sources;
    private final Progress progress;
    private final PrintStream told;
    private final List<String> problems = new ArrayList<>();
    private final List<GraftOutcome> outcomes = new ArrayList<>();
    private final Map<String, String> leftOut = new TreeMap<>();

    /** @param told is told what happens, a line each */
    public GraftSoak(
            GraftOptions options, TwinCache cache, KernelSources sources, Progress progress, PrintStream told) {
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
    public GraftReport run()
            throws SoakException, CompileException, GuestException, TwinException, LabException, InterruptedException {
        long start = System.nanoTime();
        Path scratch = fresh(options.out().resolve("scratch"));
        List<GraftCase> cases = chosen();
        KernelTree kernel = new KernelPackages(cache, progress).obtain(KernelSeries.of(options.series()));
        Trio trio = new HypervisorBuilder(cache, sources, progress).buildTrio(kernel, Vendor.SVM);
        Path library = GraftLibrary.build(cache.directory().resolve("graft"), progress::note);
        GuestImage guest =
                GuestImage.build(kernel.root(), cache.directory().resolve("guest"), GuestImage.MORE_DEVICES, List.of());
        String loader = loader(cases, kernel, guest, scratch);
        LabKernel labKernel = new LabKernel(kernel.release(), kernel.vmlinuz(), kernel.modulesDirectory());
        LabSpec spec = new LabSpec(
                labKernel,
                MEMORY_MEBIBYTES,
                1,
                Stream.concat(
                                ModuleToLoad.of(trio.files()).stream(),
                                Stream.of(labKernel.module("tun"), labKernel.module("vhost_net")))
                        .toList());
        List<GraftCase> left = cases;
        for (int boot = 1; !left.isEmpty(); boot++) {
            GraftPlan plan = new GraftPlan(
                    library,
                    guest.kernel(),
                    guest.initramfs(),
                    loader,
                    options.debian13().map(Path::toString).orElse(""),
                    trio.a().file(),
                    trio.b().file(),
                    left);
            left = inLab(spec, plan, options.out().resolve("lab-" + boot));
        }
        return report(kernel, trio, library, (System.nanoTime() - start) / 1e9);
    }

    private List<GraftCase> chosen() throws SoakException {
        List<GraftCase> all = GraftCases.all();
        Optional<Path> missing =
                options.debian13().map(root -> root.resolve(DEBIAN_13_QEMU)).filter(qemu -> !Files.isExecutable(qemu));
        if (missing.isPresent()) {
            throw new SoakException("There is no " + missing.get() + ": name the directory of a Debian 13 that has"
                    + " qemu-system-x86; `debootstrap --include=qemu-system-x86 trixie DIR` makes one.");
        }
        for (String name : options.only()) {
            if (all.stream().noneMatch(each -> each.name().equals(name))) {
                throw new SoakException("There is no case " + name + ": choose among "
                        + String.join(", ", all.stream().map(GraftCase::name).toList()) + ".");
            }
        }
        List<GraftCase> chosen = new ArrayList<>();
        for (GraftCase each : all) {
            boolean wanted = options.only().isEmpty()
                    ? !options.quick() || each.quick()
                    : options.only().contains(each.name());
            if (!wanted) {
                continue;
            }
            if (each.vmm() == Vmm.DEBIAN_13 && options.debian13().isEmpty()) {
                if (options.only().contains(each.name())) {
                    throw new SoakException("Case " + each.name()
                            + " is about a Debian 13's QEMU: name a directory that has one with --debian13.");
                }
                leftOut.put(each.name(), "no Debian 13 was named by --debian13");
            } else {
                chosen.add(each.name().equals(GraftCases.ROW) ? each.with(options.grafts()) : each);
            }
        }
        return chosen;
    }

    private static String loader(List<GraftCase> cases, KernelTree kernel, GuestImage guest, Path scratch)
            throws SoakException, InterruptedException {
        Optional<GraftCase> first =
                cases.stream().filter(each -> each.boot() == Boot.LOADER).findFirst();
        return first.isEmpty()
                ? ""
                : GraftLoader.make(kernel.vmlinuz(), guest.initramfs(), GraftGuest.arguments(first.get(), 0), scratch)
                        .toString();
    }

    /** Does the plan's cases in one lab; returns those that are left because the lab did not live so long. */
    private List<GraftCase> inLab(LabSpec spec, GraftPlan plan, Path results)
            throws SoakException, LabException, InterruptedException {
        told.println("Lab " + results.getFileName() + ": "
                + String.join(" ", plan.cases().stream().map(GraftCase::name).toList()));
        Path planFile = results.resolve("plan.json");
        GraftJson.write(planFile, plan);
        Duration limit = Duration.ZERO;
        for (GraftCase each : plan.cases()) {
            limit = limit.plus(PER_CASE).plus(PER_GRAFT.multipliedBy(each.grafts()));
        }
        Lines lines = new Lines(line -> told.println("  " + line));
        String end = "";
        List<String> complaints;
        try {
            LabResult result = Lab.of(spec)
                    .run(
                            LabCommand.java(GraftSoakMain.class, planFile.toString(), results.toString()),
                            results,
                            limit,
                            new LabOutput(lines, lines));
            complaints = result.kernelComplaints();
            end = result.exitStatus() == 0 ? "" : "the lab's half ended with status " + result.exitStatus();
        } catch (LabException.MachineLost e) {
            complaints = e.kernelLines();
            end = String.valueOf(e.getMessage());
        } catch (LabException.TimedOut e) {
            complaints = e.kernelLines();
            end = String.valueOf(e.getMessage());
        }
        complaints.forEach(line -> problems.add("The lab's kernel complained: " + line));
        List<GraftCase> left = new ArrayList<>();
        for (GraftCase each : plan.cases()) {
            Path outcome = results.resolve(each.name() + ".json");
            if (Files.exists(outcome)) {
                outcomes.add(GraftJson.read(outcome, GraftOutcome.class));
            } else {
                left.add(each);
            }
        }
        if (!left.isEmpty()) {
            problems.add("The lab did not live through case " + left.getFirst().name() + ": " + end);
            left.removeFirst();
        } else if (!end.isEmpty()) {
            problems.add("All cases were done, but " + end);
        }
        return left;
    }

    private GraftReport report(KernelTree kernel, Trio trio, Path library, double seconds) throws SoakException {
        Map<String, String> environment = new TreeMap<>(Map.of(
                "finished", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                "kernel", kernel.release(),
                "kernelPackage", kernel.version(),
                "hostKernel", System.getProperty("os.version"),
                "hostCpus", String.valueOf(Runtime.getRuntime().availableProcessors()),
                "base", trio.base().record().identity(),
                "a", trio.a().record().identity(),
                "b", trio.b().record().identity(),
                "library", String.valueOf(library.getFileName())));
        List<String> words = new ArrayList<>(List.of("twinhype soak graft --kernel " + options.series()));
        words.add(options.quick() ? "--quick" : "--grafts " + options.grafts());
        options.debian13().ifPresent(root -> words.add("--debian13 DIR"));
        if (!options.only().isEmpty()) {
            words.add("--only " + String.join(",", options.only()));
        }
        GraftReport report = new GraftReport(
                problems, outcomes, leftOut, String.join(" ", words), environment, Math.round(seconds * 10) / 10.0);
        GraftJson.write(options.out().resolve(REPORT), report);
        return report;
    }

    /** An empty directory, and no results of an earlier run. */
    private Path fresh(Path directory) throws SoakException {
        try {
            Files.createDirectories(options.out());
            Files.deleteIfExists(options.out().resolve(REPORT));
            try (Stream<Path> old = Files.list(options.out())) {
                for (Path each : old.filter(
                                file -> file.getFileName().toString().startsWith("lab-") || file.equals(directory))
                        .toList()) {
                    delete(each);
                }
            }
            return Files.createDirectories(directory);
        } catch (IOException e) {
            throw new SoakException(
                    "The directory " + options.out() + " cannot be used for results (" + e.getMessage()
                            + "): name another one with --out.",
                    e);
        }
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
