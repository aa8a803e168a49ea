package io.twinhype.cli;

import io.twinhype.engine.Hypervisors;
import io.twinhype.twin.Twin;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Unloads a hypervisor that no VM uses. */
@Command(
        name = "unload",
        description = "Unload a hypervisor. While VMs use it, nothing happens but that it says so.",
        footerHeading = "%nExample:%n",
        footer = "  twinhype lab run --hypervisors AB -- twinhype hypervisor unload B")
final class HypervisorUnloadCommand implements Callable<Integer> {
    @Parameters(paramLabel = "WHICH", description = "${COMPLETION-CANDIDATES}.")
    private Twin twin = Twin.A;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        new Hypervisors().unload(twin);
        spec.commandLine().getOut().println("Hypervisor " + twin + " is unloaded.");
        return 0;
    }
}
