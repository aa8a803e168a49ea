package io.twinhype.cli;

import io.twinhype.twin.EditOutcome;
import io.twinhype.twin.EditSet;
import io.twinhype.twin.EditTrial;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import io.twinhype.twin.Vendor;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Lists the edits that make a hypervisor of KVM, and whether they fit a kernel's source. */
@Command(
        name = "edits",
        description =
                "List the edits that make a hypervisor of a kernel's KVM, and whether each finds in that kernel's source what"
                        + " it expects. Nothing is built. Exits with 1 if one does not.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype hypervisor edits --kernel 6.1",
            "  twinhype hypervisor edits --source linux-6.19 --vendor vmx",
            "  twinhype hypervisor edits --matrix linux-5.10 linux-6.1 linux-6.12"
        })
final class HypervisorEditsCommand implements Callable<Integer> {
    /** Where the source is from; the options exclude each other. */
    static final class Source {
        @Option(
                names = "--kernel",
                paramLabel = "SERIES",
                description = "The kernel series whose packaged source is looked at (default: 6.1).")
        private @Nullable String series;

        @Option(names = "--source", paramLabel = "DIR", description = "An unpacked kernel source; of any version.")
        private @Nullable Path directory;

        @Option(
                names = "--matrix",
                paramLabel = "DIR",
                arity = "1..*",
                description = "Unpacked kernel sources; prints a table in Markdown, edits by kernels.")
        private @Nullable List<Path> matrix;
    }

    @ArgGroup
    private Source source = new Source();

    @Option(
            names = "--vendor",
            paramLabel = "VENDOR",
            description = "Only the edits for hypervisors of that vendor, svm or vmx (default: all edits).")
    private @Nullable String vendor;

    @Option(names = "--json", description = "Print JSON, for programs.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Optional<Vendor> only = vendor();
        if (json && source.matrix != null) {
            throw new ParameterException(spec.commandLine(), "--json goes with one source, not with --matrix.");
        }
        PrintWriter out = spec.commandLine().getOut();
        TwinCache cache = TwinCache.of(System.getenv());
        EditSet edits = EditSet.read(KernelSources.of(System.getenv()).edits());
        if (source.matrix != null) {
            List<EditTrial> trials = new ArrayList<>();
            for (Path directory : source.matrix) {
                trials.add(EditTrial.on(directory, edits, only, cache));
            }
            out.print(EditMatrix.markdown(trials));
            out.flush();
            return 0;
        }
        EditTrial trial = trial(edits, only, cache);
        if (json) {
            out.println(trial.json());
        } else {
            tell(out, trial);
        }
        out.flush();
        return trial.fits() ? 0 : 1;
    }

    private EditTrial trial(EditSet edits, Optional<Vendor> only, TwinCache cache)
            throws TwinException, InterruptedException {
        if (source.directory != null) {
            return EditTrial.on(source.directory, edits, only, cache);
        }
        // Progress goes where it does not get between JSON and the program that reads it.
        HypervisorProgress progress = new HypervisorProgress(spec.commandLine().getErr());
        KernelSeries series = KernelSeries.of(Optional.ofNullable(source.series).orElse("6.1"));
        return EditTrial.on(new KernelPackages(cache, progress).obtain(series), edits, only, cache, progress);
    }

    private Optional<Vendor> vendor() {
        if (vendor == null) {
            return Optional.empty();
        }
        Optional<Vendor> named = Vendor.named(vendor);
        if (named.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "--vendor is svm or vmx, not " + vendor + ".");
        }
        return named;
    }

    private static void tell(PrintWriter out, EditTrial trial) {
        Table table = new Table("edit", "kind", "expected", "found", "verdict", "file", "reason");
        for (EditOutcome outcome : trial.outcomes()) {
            table.row(
                    outcome.edit().name(),
                    outcome.edit().kind(),
                    outcome.expected(),
                    outcome.found(),
                    outcome.verdict(),
                    String.join(", ", outcome.edit().terms().files()),
                    outcome.edit().terms().reason().replaceAll("\\s+", " "));
        }
        out.print(table);
        List<EditOutcome> others = trial.outcomes().stream()
                .filter(outcome -> !outcome.verdict().fits())
                .toList();
        out.println();
        for (EditOutcome outcome : others) {
            out.println(outcome.edit().name() + ": " + outcome.place() + ".");
        }
        if (!trial.known()) {
            out.println("No edits are known for kernel series " + trial.series()
                    + ": each was tried with what it expects of the series next to it, and nothing was compiled.");
        }
        out.println("linux " + trial.version() + ": " + (trial.outcomes().size() - others.size()) + " of "
                + trial.outcomes().size() + " edits fit.");
    }
}
