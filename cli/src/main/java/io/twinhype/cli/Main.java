package io.twinhype.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.IExitCodeExceptionMapper;

/** Runs the {@code twinhype} command. */
public final class Main {
    private Main() {}

    /** Exits with the command's status: 0, 1 for a failure, 2 for wrong usage, or what the subcommand documents. */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    /** The parser with all commands, as {@code main} uses it. */
    static CommandLine commandLine() {
        Twinhype root = new Twinhype();
        CommandLine commandLine = new CommandLine(root);
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setExecutionExceptionHandler((exception, failed, result) -> report(exception, failed, root));
        commandLine.setParameterExceptionHandler((exception, arguments) -> {
            CommandLine misused = exception.getCommandLine();
            PrintWriter err = misused.getErr();
            err.println("twinhype: " + exception.getMessage());
            err.println("Type `" + misused.getCommandSpec().qualifiedName() + " --help` for its options.");
            return misused.getCommandSpec().exitCodeOnInvalidInput();
        });
        return commandLine;
    }

    /** One sentence; the stack only for who asks. */
    private static int report(Exception exception, CommandLine failed, Twinhype root) {
        PrintWriter err = failed.getErr();
        String message = exception.getMessage();
        err.println("twinhype: " + (message == null ? exception.toString() : message));
        if (root.verbose()) {
            exception.printStackTrace(err);
        }
        return failed.getCommand() instanceof IExitCodeExceptionMapper mapper
                ? mapper.getExitCode(exception)
                : failed.getCommandSpec().exitCodeOnExecutionException();
    }
}
