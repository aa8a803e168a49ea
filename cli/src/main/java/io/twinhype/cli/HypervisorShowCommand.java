package io.twinhype.cli;

import io.twinhype.twin.HypervisorStatus;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows what is loaded. */
@Command(
        name = "show",
        description =
                "Show which hypervisors this machine's kernel has loaded: A and B, the base under them, stock KVM; and of"
                        + " each the identity of its build, the ABI it was built for, the vendor, who uses it, and its device."
                        + " The identity is also in /sys/module/twinhype_a/version.",
        footerHeading = "%nExample:%n",
        footer = "  twinhype lab run --hypervisors AB -- twinhype hypervisor show")
final class HypervisorShowCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Print JSON, for programs.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        List<HypervisorStatus> all = HypervisorStatus.ofThisMachine(KernelOptions.cache());
        out.print(json ? HypervisorStatus.json(all) + "\n" : text(all));
        out.flush();
        return 0;
    }

    static String text(List<HypervisorStatus> all) {
        if (all.isEmpty()) {
            return "No hypervisor is loaded: neither A nor B, nor stock KVM.\n";
        }
        Table table = new Table("what", "module", "identity", "abi", "vendor", "references", "device", "built");
        for (HypervisorStatus each : all) {
            table.row(
                    each.role(),
                    each.module(),
                    known(each.identity().length() > 12 ? each.identity().substring(0, 12) : each.identity()),
                    known(each.abi()),
                    known(each.vendor()),
                    each.references(),
                    known(each.device()),
                    each.build());
        }
        return table.toString();
    }

    private static String known(String value) {
        return value.isEmpty() ? "-" : value;
    }
}
