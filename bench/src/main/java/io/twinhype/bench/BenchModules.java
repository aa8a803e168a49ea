package io.twinhype.bench;

import io.twinhype.lab.LabException;
import io.twinhype.lab.LabKernel;
import io.twinhype.twin.BuildRequest;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.ModuleVerifier;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Twin;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import java.nio.file.Path;
import java.util.List;

/**
 * A kernel, its own KVM, and ours built from the same source, verified.
 *
 * @param stock the distribution's modules, in load order, apart from what the lab has loaded anyway
 */
record BenchModules(KernelTree tree, LabKernel kernel, List<Path> stock, Path base, Path a, Path b) {
    /** Fetches and builds what is not there yet. */
    static BenchModules of(KernelSeries series, TwinCache cache, KernelSources sources, Progress progress)
            throws TwinException, LabException, InterruptedException {
        KernelTree tree = new KernelPackages(cache, progress).obtain(series);
        HypervisorBuilder builder = new HypervisorBuilder(cache, sources, progress);
        ModuleBuild base = builder.buildBase(tree);
        ModuleBuild a = builder.build(new BuildRequest(Twin.A, tree, List.of()));
        ModuleBuild b = builder.build(new BuildRequest(Twin.B, tree, List.of()));
        new ModuleVerifier(tree).verify(base, List.of(a, b));
        LabKernel kernel = new LabKernel(tree.release(), tree.vmlinuz(), tree.modulesDirectory());
        List<Path> stock =
                List.of(kernel.module("kvm").file(), kernel.module("kvm-amd").file());
        return new BenchModules(tree, kernel, stock, base.file(), a.file(), b.file());
    }
}
