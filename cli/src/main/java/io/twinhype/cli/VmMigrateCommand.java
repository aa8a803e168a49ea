package io.twinhype.cli;

import io.twinhype.engine.EngineException;
import io.twinhype.engine.MethodChoice;
import io.twinhype.engine.MigrationMethod;
import io.twinhype.engine.MigrationResult;
import io.twinhype.engine.Vmm;
import io.twinhype.graft.GraftResult;
import io.twinhype.twin.Twin;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeExceptionMapper;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Moves a VM to the other hypervisor. */
@Command(
        name = "migrate",
        description = {
            "Move a running VM to another hypervisor of this machine.",
            "",
            "A VM that something else started, such as libvirt, can be grafted: its process stays, only the hypervisor"
                    + " under it is changed. For that it must have been started with the graft library (LD_PRELOAD). Handoff"
                    + " and copy start a second VMM, which only the program can do that started the first."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype vm migrate $(pidof qemu-system-x86_64) --to B",
            "  twinhype vm migrate 4711 --to A --method graft",
            "",
            "Exit status: 0 if it was moved; 1 if it goes on where it was; 2 for wrong usage; 3 if its process ended;",
            "4 if it could not be found out which hypervisor it is on."
        })
final class VmMigrateCommand implements Callable<Integer>, IExitCodeExceptionMapper {
    /** What can be done by process id. */
    enum Method {
        auto,
        graft
    }

    @Parameters(paramLabel = "PID", description = "The process id of a VMM, such as QEMU's.")
    private long pid;

    @Option(
            names = "--to",
            required = true,
            paramLabel = "WHICH",
            description = "The hypervisor to move it to: ${COMPLETION-CANDIDATES}.")
    private Twin to = Twin.B;

    @Option(
            names = "--method",
            defaultValue = "auto",
            description =
                    "How: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, which says what it chose and why).")
    private Method method = Method.auto;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Vmm vmm = Vmm.of(pid);
        if (method == Method.auto) {
            MethodChoice choice = vmm.choose(to);
            if (!choice.method().equals(Optional.of(MigrationMethod.GRAFT))) {
                throw new EngineException.Refused(
                        "The VM of process " + pid + " goes on where it is: " + choice.reason());
            }
            out.println("Method " + choice.reason() + ".");
            out.flush();
        }
        out.println(text(vmm.graft(to)));
        out.flush();
        return 0;
    }

    static String text(MigrationResult result) {
        String moved = result.vm() + ": " + result.from() + " → " + result.to() + " by "
                + result.method().label();
        return result.graft()
                .map(parts -> moved + ", stood still for " + millis(parts.pause()) + " ms (" + parts(parts))
                .orElse(moved + "; how long it stood still is not known, the library's answer was lost");
    }

    private static String parts(GraftResult parts) {
        return "park " + millis(parts.park()) + ", detach " + millis(parts.detach()) + ", read " + millis(parts.read())
                + ", write " + millis(parts.write()) + ", attach " + millis(parts.attach()) + ", switch "
                + millis(parts.exchange()) + ", release " + millis(parts.release()) + "); before it, preparing took "
                + millis(parts.prepare()) + " ms, after it, letting go of the old hypervisor "
                + millis(parts.teardown()) + " ms";
    }

    private static String millis(Duration duration) {
        return String.format(Locale.ROOT, "%.1f", duration.toNanos() / 1e6);
    }

    @Override
    public int getExitCode(Throwable exception) {
        return switch (exception) {
            case EngineException.Ended _ -> 3;
            case EngineException.Undecided _ -> 4;
            case Throwable _ -> 1;
        };
    }
}
