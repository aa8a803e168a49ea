package io.twinhype.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands that compare our hypervisors with stock KVM. */
@Command(
        name = "bench",
        description = "Compare our hypervisors with the kernel's own KVM, in the lab.",
        subcommands = {BenchExitsCommand.class, BenchSelftestsCommand.class})
final class BenchGroup implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run()
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "There is no command: exits or selftests.");
    }
}
