package io.twinhype.cli;

import io.twinhype.soak.GraftDocument;
import io.twinhype.soak.GraftOptions;
import io.twinhype.soak.GraftReport;
import io.twinhype.soak.GraftSoak;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.TwinCache;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Grafts VMs of every kind to and fro, disturbed in every way. */
@Command(
        name = "graft",
        description = {
            "In the lab: change the hypervisor under running VMs, of several machine types and devices, in firmware, boot"
                    + " loader and Linux, undisturbed and beside resets, hotplug, snapshots and whatever else may happen to a"
                    + " VM, a thousand times in a row, and with a fault at every step; the guests look whether anything is"
                    + " lost.",
            "",
            "At full size it takes about an hour on two CPUs."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype soak graft --quick",
            "  twinhype soak graft --only pc-2-vhost,faults",
            "  twinhype soak graft --debian13 /srv/trixie --docs docs",
            "",
            "Exit status: 0 if every case went well; else 1."
        })
final class SoakGraftCommand implements Callable<Integer> {
    @Option(
            names = "--kernel",
            paramLabel = "SERIES",
            defaultValue = "6.1",
            description = "The lab's kernel series (default: ${DEFAULT-VALUE}).")
    private String series = "6.1";

    @Option(
            names = "--grafts",
            paramLabel = "N",
            description = "So many in a row, in the case that is about that (default: 1000, quick: 25).")
    private Optional<Integer> grafts = Optional.empty();

    @Option(names = "--quick", description = "Some of the cases, as the tests do.")
    private boolean quick;

    @Option(names = "--only", paramLabel = "CASE", split = ",", description = "Only these cases.")
    private List<String> only = List.of();

    @Option(
            names = "--debian13",
            paramLabel = "DIR",
            description =
                    "A directory with a Debian 13 that has qemu-system-x86 (debootstrap makes one): its QEMU, too.")
    private Optional<Path> debian13 = Optional.empty();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "build/soak-graft",
            description = "Where report.json and the logs go (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("build/soak-graft");

    @Option(
            names = "--docs",
            paramLabel = "DIR",
            description = "Also keep the report as DIR/soak/graft.json and write DIR/soak-graft.md anew.")
    private Optional<Path> docs = Optional.empty();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter print = spec.commandLine().getOut();
        int row = grafts.orElse(quick ? GraftOptions.QUICK_ROW : GraftOptions.FULL_ROW);
        if (row < 1) {
            throw new ParameterException(spec.commandLine(), "--grafts must be at least 1.");
        }
        GraftReport report = new GraftSoak(
                        new GraftOptions(series, row, quick, only, debian13, out),
                        TwinCache.of(System.getenv()),
                        KernelSources.of(System.getenv()),
                        new HypervisorProgress(print),
                        System.out)
                .run();
        report.allProblems().forEach(problem -> print.println("PROBLEM: " + problem));
        report.leftOut().forEach((name, why) -> print.println("Not done: " + name + ", " + why + "."));
        print.println("The whole report is in " + out.resolve(GraftSoak.REPORT) + ".");
        if (docs.isPresent()) {
            print.println("Recorded in " + GraftDocument.record(report, docs.get()) + ".");
        }
        print.flush();
        return report.passed() ? 0 : 1;
    }
}
