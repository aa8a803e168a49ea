package io.twinhype.cli;

import io.twinhype.engine.MethodCheck;
import io.twinhype.engine.Vmm;
import io.twinhype.engine.VmmStatus;
import java.io.PrintWriter;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows a VMM and what can be done with its VM. */
@Command(
        name = "show",
        description = {
            "Show what a VM runs on, and by which methods it can be moved to the other hypervisor or why not.",
            "",
            "Of another user's process it needs root."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype vm show $(pidof qemu-system-x86_64)",
            "  twinhype vm show --json 4711",
            "",
            "Exit status: 0 if there is such a VM, 1 if not or it may not be looked at, 2 for wrong usage."
        })
final class VmShowCommand implements Callable<Integer> {
    @Parameters(paramLabel = "PID", description = "The process id of a VMM, such as QEMU's.")
    private long pid;

    @Option(names = "--json", description = "Print JSON, for programs.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        VmmStatus status = Vmm.of(pid).status();
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? status.json() + "\n" : text(status));
        out.flush();
        return 0;
    }

    static String text(VmmStatus status) {
        StringBuilder text = new StringBuilder(
                new Table("pid", "program", "vm", "hypervisor", "device", "vcpus", "graft library", "grafts so far")
                        .row(
                                status.pid(),
                                status.program(),
                                status.name().orElse("-"),
                                status.hypervisor().orElse("-"),
                                status.device().orElse("-"),
                                known(status.vcpus()),
                                status.library() ? "yes" : "no",
                                known(status.grafts()))
                        .toString());
        if (status.target().isEmpty()) {
            return text.append("\nIt can't be moved: no other hypervisor is loaded.\n")
                    .toString();
        }
        text.append("\nTo hypervisor ").append(status.target().get()).append(":\n");
        Table table = new Table("method", "possible", "why not");
        for (MethodCheck check : status.methods()) {
            table.row(
                    check.method().label(),
                    check.possible() ? "yes" : "no",
                    check.obstacle().orElse(""));
        }
        return text.append(table).toString();
    }

    private static String known(OptionalInt figure) {
        return figure.isPresent() ? String.valueOf(figure.getAsInt()) : "-";
    }
}
