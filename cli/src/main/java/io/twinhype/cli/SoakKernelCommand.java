package io.twinhype.cli;

import io.twinhype.lab.LabCommand;
import io.twinhype.soak.Guard;
import io.twinhype.soak.Soak;
import io.twinhype.soak.SoakDocument;
import io.twinhype.soak.SoakOptions;
import io.twinhype.soak.SoakReport;
import io.twinhype.soak.SoakSize;
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

/** Does to two hypervisors all that the other's guests might notice. */
@Command(
        name = "kernel",
        description = {
            "In the lab: reload each hypervisor while guests of the other look whether all that belongs to them is still"
                    + " there, let guests of both follow each other on one CPU, take CPUs away, kill vCPU threads, load"
                    + " builds that fail; then take out each guard, and see that its absence is noticed.",
            "",
            "At full size it takes about two hours on two CPUs."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype soak kernel --quick",
            "  twinhype soak kernel --kernel 6.1 --docs docs",
            "",
            "Exit status: 0 if nothing was lost and the absence of every guard was noticed; else 1."
        })
final class SoakKernelCommand implements Callable<Integer> {
    @Option(
            names = "--kernel",
            paramLabel = "SERIES",
            defaultValue = "6.1",
            description = "The kernel series (default: ${DEFAULT-VALUE}).")
    private String series = "6.1";

    @Option(names = "--quick", description = "A few of everything, as the tests do; without CPU hotplug.")
    private boolean quick;

    @Option(
            names = "--reloads",
            paramLabel = "N",
            description = "Reload each hypervisor so often instead (full size: 200, quick: 4).")
    private Optional<Integer> reloads = Optional.empty();

    @Option(
            names = "--leak-seconds",
            paramLabel = "N",
            description = "Look for leaks on one CPU so long instead (full size: 600, quick: 10).")
    private Optional<Integer> leakSeconds = Optional.empty();

    @Option(
            names = "--hotplug",
            paramLabel = "N",
            description = "Take a CPU away so often instead (full size: 10, quick: 0).")
    private Optional<Integer> hotplug = Optional.empty();

    @Option(
            names = "--guards",
            paramLabel = "GUARD",
            split = ",",
            description = "Take out only these (default: all of ${COMPLETION-CANDIDATES}).")
    private List<Guard> guards = List.of(Guard.values());

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "build/soak",
            description = "Where report.json and the logs go (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("build/soak");

    @Option(
            names = "--docs",
            paramLabel = "DIR",
            description = "Also keep the report in DIR/soak and write DIR/soak.md anew.")
    private Optional<Path> docs = Optional.empty();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter print = spec.commandLine().getOut();
        SoakOptions options =
                new SoakOptions(series, size(), out, LabCommand.java(Main.class).words(), guards);
        SoakReport report = new Soak(
                        options,
                        TwinCache.of(System.getenv()),
                        KernelSources.of(System.getenv()),
                        new HypervisorProgress(print),
                        System.out)
                .run();
        report.problems().forEach(problem -> print.println("PROBLEM: " + problem));
        report.guards()
                .forEach(guard -> print.println("Without " + guard.guard() + ": "
                        + (guard.noticed() ? "noticed, " : "NOT NOTICED, ") + guard.sentence()));
        print.println("The whole report is in " + out.resolve(Soak.REPORT) + ".");
        if (docs.isPresent()) {
            print.println("Recorded in " + SoakDocument.record(report, docs.get()) + ".");
        }
        print.flush();
        return report.passed() ? 0 : 1;
    }

    private SoakSize size() {
        SoakSize size = quick ? SoakSize.QUICK : SoakSize.FULL;
        SoakSize wanted = new SoakSize(
                reloads.orElse(size.reloads()),
                leakSeconds.orElse(size.leakSeconds()),
                hotplug.orElse(size.hotplugCycles()));
        if (wanted.reloads() < 1 || wanted.leakSeconds() < 1 || wanted.hotplugCycles() < 0) {
            throw new ParameterException(
                    spec.commandLine(), "--reloads and --leak-seconds must be at least 1, --hotplug at least 0.");
        }
        return wanted;
    }
}
