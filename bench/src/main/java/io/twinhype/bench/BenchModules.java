package io.twinhype.bench;

import io.twinhype.lab.LabException;
import io.twinhype.lab.LabKernel;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Trio;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import io.twinhype.twin.Vendor;
import java.nio.file.Path;
import java.util.List;

/**
 * A kernel, its own KVM, and ours built from the same source, verified.
 *
 * @param stock the distribution's modules, in load order, apart from what the lab has loaded anyway
 */
record BenchModules(KernelTree tree, LabKernel kernel, List<Path> stock, Trio trio) {
    /** Fetches and builds what is not there yet. */
    static BenchModules of(KernelSeries series, TwinCache cache, KernelSources sources, Progress progress)
            throws TwinException, LabException, InterruptedException {
        KernelTree tree = new KernelPackages(cache, progress).obtain(series);
        Trio trio = new HypervisorBuilder(cache, sources, progress).buildTrio(tree, Vendor.SVM);
        LabKernel kernel = new LabKernel(tree.release(), tree.vmlinuz(), tree.modulesDirectory());
        List<Path> stock =
                List.of(kernel.module("kvm").file(), kernel.module("kvm-amd").file());
        return new BenchModules(tree, kernel, stock, trio);
    }
}
