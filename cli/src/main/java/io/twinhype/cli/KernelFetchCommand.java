package io.twinhype.cli;

import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.TwinCache;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Fetches a kernel's packages. */
@Command(
        name = "fetch",
        description =
                "Fetch the newest packages of a kernel series from Debian's mirror: image, headers and source of one"
                        + " version, unpacked in the cache, not installed. Without network, the cached ones are checked.",
        footerHeading = "%nExample:%n",
        footer = "  twinhype kernel fetch --kernel 6.1")
final class KernelFetchCommand implements Callable<Integer> {
    @Option(
            names = "--kernel",
            paramLabel = "SERIES",
            defaultValue = "6.1",
            description = "The kernel series (default: ${DEFAULT-VALUE}).")
    private String series = "6.1";

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        KernelTree kernel = new KernelPackages(TwinCache.of(System.getenv()), new HypervisorProgress(out))
                .refresh(KernelSeries.of(series));
        out.println("Kernel " + kernel.release() + ", version " + kernel.version() + ", is in " + kernel.root());
        out.flush();
        return 0;
    }
}
