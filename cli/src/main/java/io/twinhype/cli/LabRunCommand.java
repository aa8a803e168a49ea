package io.twinhype.cli;

import io.twinhype.lab.Lab;
import io.twinhype.lab.LabCommand;
import io.twinhype.lab.LabException;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeExceptionMapper;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs one command of this machine in the lab. */
@Command(
        name = "run",
        description = "Boot the lab, run a command of this machine in it, and pass on its output and exit status.",
        customSynopsis = "twinhype lab run [OPTIONS] -- COMMAND [ARGUMENT...]",
        footerHeading = "%nExample:%n",
        footer = {
            "  twinhype lab run --out results -- sh -c 'dmesg > $LAB_OUT/dmesg'",
            "",
            "Exit status: the command's own, and",
            "    2  wrong usage",
            "   70  the command succeeded, but the lab's kernel logged a WARN, BUG or oops",
            "  124  the lab's time was over",
            "  125  the lab itself failed",
            "  127  there is no such command",
            "128+N  signal N ended the command"
        })
final class LabRunCommand implements Callable<Integer>, IExitCodeExceptionMapper {
    static final int KERNEL_COMPLAINED = 70;
    static final int TIMED_OUT = 124;
    static final int LAB_FAILED = 125;

    @Mixin
    private LabOptions options = new LabOptions();

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "600",
            description = "End the lab after so long, boot included (default: ${DEFAULT-VALUE}).")
    private long timeoutSeconds = 600;

    @Parameters(paramLabel = "COMMAND", arity = "1..*", description = "The command and its arguments.")
    private List<String> words = new ArrayList<>();

    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    /** What follows the name of the command to run is that command's, also without {@code --} before it. */
    @Spec
    void spec(CommandSpec ours) {
        spec = ours;
        spec.parser().stopAtPositional(true);
    }

    @Override
    public Integer call() throws Exception {
        if (timeoutSeconds < 1) {
            throw new ParameterException(spec.commandLine(), "--timeout must be at least 1 second.");
        }
        Lab lab = options.lab();
        LabResult result = lab.run(
                new LabCommand(words, Path.of(""), options.environment()),
                options.out(),
                Duration.ofSeconds(timeoutSeconds),
                LabOutput.inherited());
        return status(result, spec.commandLine().getErr());
    }

    /** Tells of the kernel's complaints, if any. */
    static int status(LabResult result, PrintWriter err) {
        if (result.kernelComplaints().isEmpty()) {
            return result.exitStatus();
        }
        err.println("twinhype: the lab's kernel complained while the command ran; all it said is in "
                + result.consoleLog() + ":");
        result.kernelComplaints().forEach(line -> err.println("  " + line));
        err.flush();
        return result.exitStatus() == 0 ? KERNEL_COMPLAINED : result.exitStatus();
    }

    @Override
    public int getExitCode(Throwable exception) {
        return exception instanceof LabException.TimedOut ? TIMED_OUT : LAB_FAILED;
    }
}
