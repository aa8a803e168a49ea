package io.twinhype.cli;

import io.twinhype.lab.LabKernel;
import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.BuildRequest;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.ModuleVerifier;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Twin;
import io.twinhype.twin.Vendor;
import java.util.ArrayList;
import java.util.List;

/**
 * The modules built for the lab's kernel.
 *
 * @param progress told of what is built first
 */
record LabKernels(Progress progress) {
    static LabKernel kernel(KernelTree tree) {
        return new LabKernel(tree.release(), tree.vmlinuz(), tree.modulesDirectory());
    }

    /** The base module and our hypervisors for a kernel, in load order, verified; built if they are not yet. */
    List<ModuleToLoad> twins(KernelTree tree, Vendor vendor, List<Twin> wanted) throws Exception {
        HypervisorBuilder builder = KernelOptions.builder(progress);
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
