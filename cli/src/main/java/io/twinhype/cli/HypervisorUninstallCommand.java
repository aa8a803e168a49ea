package io.twinhype.cli;

import io.twinhype.install.Action;
import io.twinhype.install.InstallReport;
import io.twinhype.install.Installation;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Takes the hypervisors out of a host. */
@Command(
        name = "uninstall",
        description =
                "Remove what `twinhype hypervisor install` installed, so that stock KVM answers again. What was changed"
                        + " since then is kept and named. Nothing is unloaded: VMs run on.")
final class HypervisorUninstallCommand implements Callable<Integer> {
    @Mixin
    private final HostOptions host = new HostOptions();

    @Option(
            names = "--kernel-release",
            paramLabel = "RELEASE",
            description = "Remove the modules of this kernel only, and leave all else.")
    private @Nullable String release;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Installation installation = new Installation(host.root());
        if (host.dryRun()) {
            List<Action> actions =
                    release == null ? installation.previewRemoval() : installation.previewRemoval(release);
            actions.forEach(action -> out.println("Would " + action));
            out.println("Nothing was done.");
            return 0;
        }
        InstallReport report = release == null ? installation.uninstall() : installation.uninstall(release);
        HostOptions.tell(report, out);
        out.flush();
        return 0;
    }
}
