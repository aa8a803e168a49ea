package io.twinhype.cli;

import io.twinhype.lab.BochsLab;
import io.twinhype.lab.BochsSpec;
import io.twinhype.lab.LabException;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Vendor;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeExceptionMapper;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs one command in the lab with an Intel processor. */
@Command(
        name = "intel",
        description = {
            "Boot a lab with an Intel processor (VMX), run a command in it, and pass on its output and exit status.",
            "It is emulated by Bochs: some 50 million instructions a second. It does not see this machine's files:"
                    + " there are busybox's commands, what --file brings, and the modules in /lab/ko."
        },
        customSynopsis = "twinhype lab intel [OPTIONS] -- COMMAND [ARGUMENT...]",
        footerHeading = "%nExample:%n",
        footer = {
            "  twinhype lab intel --hypervisors AB -- sh -c 'lsmod; ls -l /dev/kvm*'",
            "  twinhype lab intel --cpus 2 --file bin/try=./try -- try",
            "",
            "Exit status: as for `twinhype lab run`."
        })
final class LabIntelCommand implements Callable<Integer>, IExitCodeExceptionMapper {
    @Option(
            names = "--hypervisors",
            paramLabel = "WHICH",
            defaultValue = "stock",
            description = "What to load before: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private LabHypervisors hypervisors = LabHypervisors.stock;

    @Mixin
    private KernelOptions kernel = new KernelOptions();

    @Option(
            names = "--cpus",
            paramLabel = "COUNT",
            defaultValue = "1",
            description = "The lab's CPUs, 1 or 2 (default: ${DEFAULT-VALUE}); two are six times slower each.")
    private int cpus = 1;

    @Option(
            names = "--memory",
            paramLabel = "MIB",
            defaultValue = "" + BochsSpec.DEFAULT_MEMORY_MEBIBYTES,
            description = "The lab's memory in MiB (default: ${DEFAULT-VALUE}).")
    private int memory = BochsSpec.DEFAULT_MEMORY_MEBIBYTES;

    @Option(
            names = "--file",
            paramLabel = "INSIDE=FILE",
            description = "A file to bring into the lab, for instance bin/try=./try; programs must be static. May be"
                    + " repeated.")
    private Map<String, Path> files = new LinkedHashMap<>();

    @Option(
            names = "--module",
            paramLabel = "FILE.ko",
            description = "A module to load after the hypervisors; may be repeated.")
    private List<Path> modules = new ArrayList<>();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "build/lab-intel",
            description = "Where the console log goes (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("build/lab-intel");

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "600",
            description = "End the lab after so long, boot included (default: ${DEFAULT-VALUE}).")
    private long timeoutSeconds = 600;

    @Parameters(paramLabel = "COMMAND", arity = "1..*", description = "The command and its arguments.")
    private List<String> words = new ArrayList<>();

    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    /** What follows the name of the command to run is that command's, also without {@code --} before it. */
    @Spec
    void spec(CommandSpec ours) {
        spec = ours;
        spec.parser().stopAtPositional(true);
    }

    @Override
    public Integer call() throws Exception {
        if (timeoutSeconds < 1) {
            throw new ParameterException(spec.commandLine(), "--timeout must be at least 1 second.");
        }
        // Standard output is the command's alone.
        Progress progress = new HypervisorProgress(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
        KernelTree tree = kernel.tree(progress);
        List<ModuleToLoad> load = new ArrayList<>(hypervisors.modules(tree, new LabKernels(progress), Vendor.VMX));
        modules.forEach(file -> load.add(new ModuleToLoad(file)));
        BochsLab lab = BochsLab.of(machine(tree, load));
        LabResult result = lab.run(words, out, Duration.ofSeconds(timeoutSeconds), LabOutput.inherited());
        return LabRunCommand.status(result, spec.commandLine().getErr());
    }

    private BochsSpec machine(KernelTree tree, List<ModuleToLoad> load) {
        try {
            return new BochsSpec(LabKernels.kernel(tree), cpus, memory, load, files);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public int getExitCode(Throwable exception) {
        return exception instanceof LabException.TimedOut ? LabRunCommand.TIMED_OUT : LabRunCommand.LAB_FAILED;
    }
}
