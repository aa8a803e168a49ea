package io.twinhype.demo;

import io.twinhype.demo.ExperimentPlan.Build;
import io.twinhype.demo.ExperimentPlan.Slot;
import io.twinhype.twin.BuildRequest;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.ModuleVerifier;
import io.twinhype.twin.SourcePatch;
import io.twinhype.twin.Twin;
import io.twinhype.twin.TwinException;
import io.twinhype.twin.VerificationReport;
import java.nio.file.Path;
import java.util.List;

/**
 * The modules of the experiment.
 *
 * @param fix title of the fix
 * @param probe shows, in a guest, whether the fix is under it
 * @param a hypervisor A, before and after the fix
 * @param b hypervisor B, before and after the fix
 */
record Builds(String fix, ModuleBuild base, ModuleBuild probe, Pair a, Pair b) {
    private static final String FIX = "CVE-2026-46082-invlpga.patch";

    /** One hypervisor's two builds. */
    record Pair(Twin twin, ModuleBuild before, ModuleBuild after) {
        Slot slot() {
            return new Slot(twin.name(), build(before), build(after));
        }

        private static Build build(ModuleBuild build) {
            return new Build(build.file(), build.record().identity());
        }
    }

    /** Builds what is not built yet, and verifies what is to be loaded side by side. */
    static Builds make(KernelTree kernel, HypervisorBuilder builder, KernelSources sources, Narrator narrator)
            throws TwinException, InterruptedException {
        Path fix = sources.patches().resolve(FIX);
        Builds builds = new Builds(
                SourcePatch.apply(fix).title(),
                builder.buildBase(kernel),
                builder.buildProbe(kernel),
                pair(Twin.A, kernel, builder, fix),
                pair(Twin.B, kernel, builder, fix));
        long start = System.nanoTime();
        VerificationReport report = builds.verify(kernel);
        narrator.doneSince(start, "Verified from the ELF files that base, A and B are independent");
        report.modules().forEach(module -> narrator.say("  " + module.sentence()));
        return builds;
    }

    /** The kernel's source has the fix: it is taken back for the build before, and applied again for the one after. */
    private static Pair pair(Twin twin, KernelTree kernel, HypervisorBuilder builder, Path fix)
            throws TwinException, InterruptedException {
        return new Pair(
                twin,
                builder.build(new BuildRequest(twin, kernel, List.of(SourcePatch.revert(fix)))),
                builder.build(
                        new BuildRequest(twin, kernel, List.of(SourcePatch.revert(fix), SourcePatch.apply(fix)))));
    }

    /** In each of the combinations that the experiment goes through. */
    private VerificationReport verify(KernelTree kernel) throws TwinException, InterruptedException {
        ModuleVerifier verifier = new ModuleVerifier(kernel);
        verifier.verify(base, List.of(a.before(), b.before()));
        verifier.verify(base, List.of(a.after(), b.before()));
        return verifier.verify(base, List.of(a.after(), b.after()));
    }
}
