package io.twinhype.cli;

import io.twinhype.twin.BuildRoot;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelTree;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Fetches a kernel's packages. */
@Command(
        name = "fetch",
        description =
                "Fetch the newest packages of a kernel series from Debian's mirror: image, headers and source of one"
                        + " version, and the toolchain where this machine's own does not serve. They are unpacked in the cache,"
                        + " not installed. Without network, the cached ones are checked.",
        footerHeading = "%nExample:%n",
        footer = "  twinhype kernel fetch --kernel 6.1")
final class KernelFetchCommand implements Callable<Integer> {
    @Mixin
    private KernelOptions kernel = new KernelOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        HypervisorProgress progress = new HypervisorProgress(out);
        KernelTree tree = new KernelPackages(KernelOptions.cache(), progress).refresh(kernel.series());
        out.println("Kernel " + tree.release() + ", version " + tree.version() + ", is in " + tree.root());
        out.println("Its modules are compiled by "
                + BuildRoot.refresh(tree, KernelOptions.cache(), progress).description() + ".");
        out.flush();
        return 0;
    }
}
