package io.twinhype.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands that compare our hypervisors with stock KVM. */
@Command(
        name = "bench",
        description = "Compare our hypervisors with the kernel's own KVM, and the ways to move a VM, in the lab.",
        subcommands = {BenchExitsCommand.class, BenchMigrateCommand.class, BenchSelftestsCommand.class})
final class BenchGroup implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run()
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "There is no command: exits, migrate or selftests.");
    }
}
