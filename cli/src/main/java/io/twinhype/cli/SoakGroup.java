package io.twinhype.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands that do something long and often, and record what came of it. */
@Command(
        name = "soak",
        description =
                "Show, at full size, that two hypervisors can be trusted beside each other, and VMs moved between them.",
        subcommands = {SoakKernelCommand.class, SoakIntelCommand.class, SoakGraftCommand.class})
final class SoakGroup implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run()
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "There is no command: kernel, intel or graft.");
    }
}
