package io.twinhype.cli;

import io.twinhype.soak.IntelDocument;
import io.twinhype.soak.IntelGuard;
import io.twinhype.soak.IntelReport;
import io.twinhype.soak.IntelSize;
import io.twinhype.soak.IntelTrial;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.TwinCache;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Tries base, A and B on an emulated Intel processor. */
@Command(
        name = "intel",
        description = {
            "In a lab with an Intel processor, emulated by Bochs: small guests of A and B on one CPU and on two, each"
                    + " hypervisor unloaded and loaded while guests of the other run; then take out each guard, and see that"
                    + " its absence is noticed.",
            "",
            "At full size it takes hours. One boot with the defaults of --quick takes some minutes."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype soak intel --quick",
            "  twinhype soak intel --seconds 60 --reloads 20 --docs docs",
            "",
            "Exit status: 0 if nothing was lost and the absence of every guard was noticed; else 1."
        })
final class SoakIntelCommand implements Callable<Integer> {
    @Option(
            names = "--kernel",
            paramLabel = "SERIES",
            split = ",",
            defaultValue = "6.1",
            description = "The kernel series, one or more with commas between (default: ${DEFAULT-VALUE}).")
    private List<String> series = new ArrayList<>();

    @Option(
            names = "--quick",
            description = "A few of everything on one CPU, as the test does, and no guard taken out.")
    private boolean quick;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "How long guests of both take turns, s of the lab's time (default: 600; on two CPUs 60).")
    private Optional<Integer> seconds = Optional.empty();

    @Option(
            names = "--reloads",
            paramLabel = "N",
            description = "Reloads of each hypervisor (default: 200; on two CPUs 20).")
    private Optional<Integer> reloads = Optional.empty();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "build/soak-intel",
            description = "Where the logs go (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("build/soak-intel");

    @Option(
            names = "--docs",
            paramLabel = "DIR",
            description = "Also keep the report in DIR/soak-intel and write DIR/soak-intel.md anew.")
    private Optional<Path> docs = Optional.empty();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter print = spec.commandLine().getOut();
        List<IntelSize> sizes =
                quick ? List.of(IntelSize.QUICK) : List.of(sized(IntelSize.FULL), sized(IntelSize.TWO_CPUS));
        List<IntelGuard> guards = quick ? List.of() : List.of(IntelGuard.values());
        boolean passed = true;
        for (String each : series) {
            IntelTrial trial = IntelTrial.on(
                    each,
                    TwinCache.of(System.getenv()),
                    KernelSources.of(System.getenv()),
                    new HypervisorProgress(print),
                    out.resolve(each),
                    System.out);
            IntelReport report = trial.run(sizes, guards, words());
            passed &= report.problems().isEmpty();
            report.problems().forEach(problem -> print.println("PROBLEM: kernel " + each + ": " + problem));
            report.guards()
                    .forEach(guard -> print.println("Without " + guard.guard() + ": "
                            + (guard.noticed() ? "noticed, " : "NOT NOTICED, ") + guard.sentence()));
            // After each kernel, so that hours of work are not lost with the next one.
            if (docs.isPresent()) {
                print.println("Recorded in " + IntelDocument.record(report, docs.get()) + ".");
            }
        }
        print.println(passed ? "The trial passed." : "The trial FAILED; the labs' consoles are in " + out + ".");
        print.flush();
        return passed ? 0 : 1;
    }

    private IntelSize sized(IntelSize size) {
        if (seconds.orElse(1) < 1 || reloads.orElse(1) < 1) {
            throw new ParameterException(spec.commandLine(), "--seconds and --reloads must be at least 1.");
        }
        return new IntelSize(
                size.cpus(), seconds.orElse(size.leakSeconds()), reloads.orElse(size.reloads()), size.limitSeconds());
    }

    /** The command that was typed. */
    private String words() {
        return "twinhype "
                + String.join(" ", spec.root().commandLine().getParseResult().originalArgs());
    }
}
