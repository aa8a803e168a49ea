package io.twinhype.cli;

import io.twinhype.lab.LabKernel;
import io.twinhype.lab.ModuleToLoad;
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
import io.twinhype.twin.Vendor;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the lab's kernel and the modules built for it come from.
 *
 * @param progress told of what is fetched and built first
 */
record LabKernels(TwinCache cache, Progress progress) {
    /** The packages of a series such as {@code 6.1}, fetched if they are not in the cache. */
    KernelTree tree(String series) throws Exception {
        return new KernelPackages(cache, progress).obtain(KernelSeries.of(series));
    }

    static LabKernel kernel(KernelTree tree) {
        return new LabKernel(tree.release(), tree.vmlinuz(), tree.modulesDirectory());
    }

    /** The base module and our hypervisors for a kernel, in load order, verified; built if they are not yet. */
    List<ModuleToLoad> twins(KernelTree tree, Vendor vendor, List<Twin> wanted) throws Exception {
        HypervisorBuilder builder = new HypervisorBuilder(cache, KernelSources.of(System.getenv()), progress);
        ModuleBuild base = builder.buildBase(tree);
        List<ModuleBuild> twins = new ArrayList<>();
        for (Twin twin : wanted) {
            twins.add(builder.build(new BuildRequest(twin, tree, vendor, List.of())));
        }
        new ModuleVerifier(tree).verify(base, twins);
        List<ModuleToLoad> modules = new ArrayList<>();
        modules.add(new ModuleToLoad(base.file()));
        twins.forEach(twin -> modules.add(new ModuleToLoad(twin.file())));
        return modules;
    }
}
