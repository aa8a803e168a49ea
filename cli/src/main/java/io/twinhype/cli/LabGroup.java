package io.twinhype.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands about the lab. */
@Command(
        name = "lab",
        description = "A nested machine in which two hypervisors can be loaded, on any machine.",
        subcommands = {LabRunCommand.class, LabShellCommand.class, LabIntelCommand.class})
final class LabGroup implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run()
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "There is no command: run, shell or intel.");
    }
}
