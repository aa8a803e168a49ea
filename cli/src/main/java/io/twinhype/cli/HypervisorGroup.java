package io.twinhype.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands about hypervisors. */
@Command(
        name = "hypervisor",
        description = "The two hypervisors of a machine: A and B.",
        subcommands = {
            HypervisorBuildCommand.class,
            HypervisorEditsCommand.class,
            HypervisorInstallCommand.class,
            HypervisorUninstallCommand.class,
            HypervisorShowCommand.class,
            HypervisorLoadCommand.class,
            HypervisorUnloadCommand.class,
            HypervisorCanaryCommand.class
        })
final class HypervisorGroup implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run()
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "There is no command: build, edits, install, uninstall, show, load, unload or canary.");
    }
}
