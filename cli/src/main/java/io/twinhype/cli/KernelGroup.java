package io.twinhype.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands about kernels. */
@Command(
        name = "kernel",
        description = "The kernels that hypervisors are built from and run on.",
        subcommands = {KernelFetchCommand.class})
final class KernelGroup implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run()
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "There is no command: fetch.");
    }
}
