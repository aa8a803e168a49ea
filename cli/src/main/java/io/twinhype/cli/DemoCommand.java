package io.twinhype.cli;

import io.twinhype.demo.Demo;
import io.twinhype.demo.DemoFault;
import io.twinhype.demo.DemoMethod;
import io.twinhype.demo.DemoOptions;
import io.twinhype.demo.DemoReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Performs the experiment of the paper in the lab. */
@Command(
        name = "demo",
        description = {
            "Run four VMs on two hypervisors in the lab, patch one hypervisor after the other while its VMs run on the"
                    + " other one, and report what the VMs noticed.",
            "",
            "Needs no KVM and no privileges: the lab is an emulated machine."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype demo",
            "  twinhype demo --method handoff --out results",
            "  twinhype demo --compare",
            "  twinhype demo --kernel 6.12",
            "",
            "Exit status: 0 if all four VMs live, no heartbeat is lost or doubled, nothing crossed a network and both",
            "hypervisors are patched; else 1."
        })
final class DemoCommand implements Callable<Integer> {
    /** What can be asked for: TCP is there to be compared with. */
    enum Method {
        graft(DemoMethod.GRAFT),
        handoff(DemoMethod.HANDOFF),
        copy(DemoMethod.COPY);

        private final DemoMethod method;

        Method(DemoMethod method) {
            this.method = method;
        }
    }

    /** What can be broken on purpose. */
    enum Fault {
        none(DemoFault.NONE),
        destination_dies(DemoFault.DESTINATION_DIES),
        graft_fails(DemoFault.GRAFT_FAILS),
        guest_does_not_boot(DemoFault.GUEST_DOES_NOT_BOOT),
        build_does_not_load(DemoFault.BUILD_DOES_NOT_LOAD);

        private final DemoFault fault;

        Fault(DemoFault fault) {
            this.fault = fault;
        }

        @Override
        public String toString() {
            return name().replace('_', '-');
        }
    }

    @Mixin
    private KernelOptions kernel = new KernelOptions();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "build/demo",
            description = "Where report.json and the logs go (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("build/demo");

    @Option(
            names = "--method",
            defaultValue = "graft",
            description = "How VMs are moved: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Method method = Method.graft;

    @Option(
            names = "--compare",
            description =
                    "Afterwards, compare graft and handoff with ordinary live migration over TCP, with guests of 256 MiB to 2 GiB.")
    private boolean compare;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "5",
            description = "With --compare: migrations by each method and size (default: ${DEFAULT-VALUE}).")
    private int runs = 5;

    @Option(
            names = "--fault",
            defaultValue = "none",
            description =
                    "Break something on purpose, show what becomes of the VMs, and exit with 1: ${COMPLETION-CANDIDATES}."
                            + " destination-dies (with --method handoff or copy) kills the destination's QEMU in the middle of the first"
                            + " migration; graft-fails (with --method graft) lets the last step of the first one fail;"
                            + " build-does-not-load damages A's patched build; guest-does-not-boot does it to VM1's"
                            + " first file system.")
    private Fault fault = Fault.none;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (runs < 1) {
            throw new ParameterException(spec.commandLine(), "--runs must be at least 1.");
        }
        if (fault == Fault.destination_dies && method == Method.graft) {
            throw new ParameterException(
                    spec.commandLine(), "A graft has no destination that could die: choose --method handoff or copy.");
        }
        if (fault == Fault.graft_fails && method != Method.graft) {
            throw new ParameterException(
                    spec.commandLine(), "--fault graft-fails is about --method graft, not " + method + ".");
        }
        DemoOptions options = new DemoOptions(
                kernel.series(),
                out,
                method.method,
                fault.fault,
                compare ? List.of(256, 512, 1024, 2048) : List.of(),
                runs);
        Demo demo = new Demo(options, KernelOptions.cache(), KernelOptions.sources(), System.out);
        DemoReport report = demo.run();
        PrintWriter print = spec.commandLine().getOut();
        print.println();
        print.print(DemoTables.of(report));
        print.println("The whole report is in " + out.resolve("report.json") + ".");
        if (!report.success()) {
            print.println("The lab's console is in " + out.resolve("console.log")
                    + ", those of the guests and what their" + " QEMUs said in " + out.resolve("guests") + ".");
        }
        print.flush();
        return report.success() ? 0 : 1;
    }
}
