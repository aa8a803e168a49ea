package io.twinhype.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root command. */
@Command(
        name = "twinhype",
        description = "Two hypervisors on one machine: patch one while its VMs run on the other.",
        versionProvider = Twinhype.Version.class,
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        subcommands = {
            DemoCommand.class,
            LabGroup.class,
            HypervisorGroup.class,
            VmGroup.class,
            KernelGroup.class,
            BenchGroup.class,
            SoakGroup.class
        })
final class Twinhype implements Runnable {
    @Option(
            names = "--verbose",
            scope = ScopeType.INHERIT,
            description = "Print the stack trace of a failure, too (as does TWINHYPE_DEBUG=1).")
    private boolean verbose;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run()
    private CommandSpec spec;

    boolean verbose() {
        return verbose || !System.getenv().getOrDefault("TWINHYPE_DEBUG", "").isEmpty();
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "There is no command.");
    }

    /** The version that the build wrote into the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Twinhype.class.getPackage().getImplementationVersion();
            return new String[] {"twinhype " + (version == null ? "(not packaged)" : version)};
        }
    }
}
