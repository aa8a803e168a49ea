package io.twinhype.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands about VMs that run on this machine, whoever started them. */
@Command(
        name = "vm",
        description = "The VMs of this machine, by the process ids of their VMMs.",
        subcommands = {VmShowCommand.class, VmMigrateCommand.class})
final class VmGroup implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run()
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "There is no command: show or migrate.");
    }
}
