package io.twinhype.cli;

import io.twinhype.engine.MethodCheck;
import io.twinhype.engine.Vmm;
import io.twinhype.engine.VmmStatus;
import java.io.PrintWriter;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows a VMM and what can be done with its VM. */
@Command(
        name = "show",
        description = {
            "Show what a VM runs on, and by which methods it can be moved to the other hypervisor or why not; without a"
                    + " process id, which VMs there are.",
            "",
            "Other users' VMs are shown to root only."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype vm show",
            "  twinhype vm show $(pidof qemu-system-x86_64)",
            "  twinhype vm show --json 4711",
            "",
            "Exit status: 0; 1 if the process is no VMM or may not be looked at; 2 for wrong usage."
        })
final class VmShowCommand implements Callable<Integer> {
    @Parameters(paramLabel = "PID", arity = "0..1", description = "The process id of a VMM, such as QEMU's.")
    private @Nullable Long pid;

    @Option(names = "--json", description = "Print JSON, for programs.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        if (pid == null) {
            List<VmmStatus> all = Vmm.all().stream().map(Vmm::status).toList();
            out.print(json ? VmmStatus.json(all) + "\n" : text(all));
        } else {
            VmmStatus status = Vmm.of(pid).status();
            out.print(json ? status.json() + "\n" : text(status));
        }
        out.flush();
        return 0;
    }

    static String text(List<VmmStatus> all) {
        return all.isEmpty()
                ? "There is no VM of KVM on this machine that this user may look at.\n"
                : table(all).toString();
    }

    private static Table table(List<VmmStatus> all) {
        Table table =
                new Table("pid", "program", "vm", "hypervisor", "device", "vcpus", "graft library", "grafts so far");
        for (VmmStatus each : all) {
            table.row(
                    each.pid(),
                    each.program(),
                    each.name().orElse("-"),
                    each.hypervisor().orElse("-"),
                    each.device().orElse("-"),
                    known(each.vcpus()),
                    each.library() ? "yes" : "no",
                    known(each.grafts()));
        }
        return table;
    }

    static String text(VmmStatus status) {
        StringBuilder text = new StringBuilder(table(List.of(status)).toString());
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
