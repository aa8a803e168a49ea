package io.twinhype.graft;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.twinhype.lab.Lab;
import io.twinhype.lab.LabCommand;
import io.twinhype.lab.LabKernel;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import io.twinhype.lab.LabSpec;
import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Trio;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.Vendor;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.Duration;

/** Runs a command in a lab that has both hypervisors loaded. */
final class LabModules {
    private LabModules() {}

    /** What a command in the lab came to, and what it said. */
    record Ended(LabResult lab, String said, String errors) {}

    static Ended run(LabCommand command, Path out, Duration limit) throws Exception {
        TwinCache cache = TwinCache.of(System.getenv());
        KernelTree tree = new KernelPackages(cache, Progress.SILENT).obtain(KernelSeries.V6_1);
        Trio trio = new HypervisorBuilder(cache, KernelSources.of(System.getenv()), Progress.SILENT)
                .buildTrio(tree, Vendor.SVM);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        LabResult lab = Lab.of(new LabSpec(
                        new LabKernel(tree.release(), tree.vmlinuz(), tree.modulesDirectory()),
                        ModuleToLoad.of(trio.files())))
                .run(command, out, limit, new LabOutput(said, errors));
        return new Ended(lab, said.toString(UTF_8), errors.toString(UTF_8));
    }
}
