package io.twinhype.cli;

import io.twinhype.twin.Canary;
import io.twinhype.twin.CanaryResult;
import io.twinhype.twin.MsrRead;
import io.twinhype.twin.Twin;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs the canary guest. */
@Command(
        name = "canary",
        description = "Run a tiny guest on a hypervisor and tell what it saw.",
        footerHeading = "%nExample:%n",
        footer = "  twinhype lab run --hypervisors AB -- twinhype hypervisor canary B")
final class HypervisorCanaryCommand implements Callable<Integer> {
    @Parameters(paramLabel = "WHERE", description = "A, B, or the path of a KVM device.")
    private String where = "";

    @Option(
            names = "--msr",
            paramLabel = "NUMBER",
            defaultValue = "0xc0011023",
            description = "The MSR that the guest reads (default: ${DEFAULT-VALUE}, MSR_AMD64_TW_CFG).")
    private String msr = "0xc0011023";

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Optional<Twin> twin = Twin.named(where);
        Path device = twin.isPresent() ? twin.get().device() : Path.of(where);
        CanaryResult result = Canary.run(device, number());
        PrintWriter out = spec.commandLine().getOut();
        out.println("The canary on " + device + " lives.");
        out.println("  RDMSR of " + msr + ": " + told(result.msr()));
        out.println("  INVLPGA without EFER.SVME: "
                + (result.invlpgaTrapped() ? "#UD, as on a processor" : "executed (CVE-2026-46082 is not fixed)"));
        out.flush();
        return 0;
    }

    private int number() {
        try {
            long number = Long.decode(msr);
            if (number >>> 32 == 0) {
                return (int) number;
            }
        } catch (NumberFormatException e) {
            // Told below, as for a number that is too large.
        }
        throw new picocli.CommandLine.ParameterException(
                spec.commandLine(), "--msr takes a number of 32 bits such as 0xc0011023, not " + msr + ".");
    }

    private static String told(MsrRead read) {
        return switch (read) {
            case MsrRead.Value(long value) -> "0x" + Long.toHexString(value);
            case MsrRead.Fault(int vector) -> "exception " + vector;
        };
    }
}
