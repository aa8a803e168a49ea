package io.twinhype.cli;

import io.twinhype.engine.Hypervisors;
import io.twinhype.engine.LoadedHypervisor;
import io.twinhype.twin.Twin;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Loads a hypervisor from its module file. */
@Command(
        name = "load",
        description =
                "Load a hypervisor from its module file, over the base that is loaded, and run a canary guest on it.",
        footerHeading = "%nExample:%n",
        footer = "  twinhype hypervisor load B twinhype_b.ko")
final class HypervisorLoadCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "WHICH", description = "${COMPLETION-CANDIDATES}.")
    private Twin twin = Twin.A;

    @Parameters(index = "1", paramLabel = "FILE", description = "Its module, as `twinhype hypervisor build` made it.")
    private Path file = Path.of("");

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        LoadedHypervisor loaded = new Hypervisors().load(twin, file);
        spec.commandLine()
                .getOut()
                .println("Hypervisor " + twin + " is loaded, build " + loaded.identity() + ", and its canary lives.");
        return 0;
    }
}
