package io.twinhype.cli;

import io.twinhype.lab.Lab;
import io.twinhype.lab.LabSpec;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Vendor;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every lab command can be told. */
final class LabOptions {
    /** Of this process's environment, what a command in the lab gets, too: where its programs are, and its terminal. */
    private static final List<String> INHERITED =
            List.of("PATH", "JAVA_HOME", "TWINHYPE_HOME", "TERM", "LANG", "LC_ALL");

    @Option(
            names = "--hypervisors",
            paramLabel = "WHICH",
            defaultValue = "stock",
            description = "What to load before: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private LabHypervisors hypervisors = LabHypervisors.stock;

    @Mixin
    private KernelOptions kernel = new KernelOptions();

    @Option(
            names = "--memory",
            paramLabel = "MIB",
            defaultValue = "" + LabSpec.DEFAULT_MEMORY_MEBIBYTES,
            description = "The lab's memory in MiB (default: ${DEFAULT-VALUE}).")
    private int memory = LabSpec.DEFAULT_MEMORY_MEBIBYTES;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // set by picocli before lab()
    private CommandSpec spec;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "build/lab",
            description =
                    "Where results go (default: ${DEFAULT-VALUE}); writable in the lab as $LAB_OUT, the same path.")
    private Path out = Path.of("build/lab");

    @Option(
            names = {"-e", "--env"},
            paramLabel = "NAME=VALUE",
            description = "A variable for the command's environment; may be repeated.")
    private Map<String, String> variables = new LinkedHashMap<>();

    Path out() {
        return out;
    }

    Map<String, String> environment() {
        Map<String, String> environment = new TreeMap<>();
        for (String name : INHERITED) {
            String value = System.getenv(name);
            if (value != null) {
                environment.put(name, value);
            }
        }
        // What is loaded there was built into this cache, whoever's home the lab has.
        Path caches = KernelOptions.cache().directory().getParent();
        if (caches != null) {
            environment.put("XDG_CACHE_HOME", caches.toString());
        }
        environment.putAll(variables);
        return environment;
    }

    /** The lab that these options describe; builds hypervisors where they ask for it. */
    Lab lab() throws Exception {
        if (memory < LabSpec.LEAST_MEMORY_MEBIBYTES) {
            throw new ParameterException(
                    spec.commandLine(), "--memory must be at least " + LabSpec.LEAST_MEMORY_MEBIBYTES + " MiB.");
        }
        // Standard output is the command's alone.
        Progress progress = new HypervisorProgress(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
        KernelTree tree = kernel.tree(progress);
        // QEMU's emulation has AMD's SVM.
        return Lab.of(new LabSpec(
                LabKernels.kernel(tree), memory, 1, hypervisors.modules(tree, new LabKernels(progress), Vendor.SVM)));
    }
}
