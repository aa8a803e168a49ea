package io.twinhype.soak;

import io.twinhype.twin.BuildRequest;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.ModuleVerifier;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Trio;
import io.twinhype.twin.Twin;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import io.twinhype.twin.Vendor;
import io.twinhype.twin.VerificationException;
import java.nio.file.Path;
import java.util.List;

/** The modules of a soak: the right ones, and some that are wrong on purpose. */
final class SoakBuilds {
    private final KernelTree kernel;
    private final TwinCache cache;
    private final KernelSources sources;
    private final Progress progress;
    private final Path scratch;

    /** @param scratch an empty directory for copies of the kernel sources */
    SoakBuilds(KernelTree kernel, TwinCache cache, KernelSources sources, Progress progress, Path scratch) {
        this.kernel = kernel;
        this.cache = cache;
        this.sources = sources;
        this.progress = progress;
        this.scratch = scratch;
    }

    /** The right ones, verified. */
    Trio trio() throws TwinException, InterruptedException {
        return new HypervisorBuilder(cache, sources, progress).buildTrio(kernel, Vendor.SVM);
    }

    /** A hypervisor whose guard is taken out. */
    ModuleBuild without(Guard guard) throws SoakException, TwinException, InterruptedException {
        KernelVariant variant = KernelVariant.copy(sources, scratch.resolve(guard.word()));
        if (guard.leftOut().isPresent()) {
            variant.leaveOut(guard.leftOut().get());
        }
        if (guard.added().isPresent()) {
            variant.add(guard.added().get());
        }
        return build(guard.twin(), variant.sources());
    }

    /** A hypervisor A that fails half-way through its initialization. */
    ModuleBuild halfWay() throws SoakException, TwinException, InterruptedException {
        return build(
                Twin.A,
                KernelVariant.copy(sources, scratch.resolve("half-way"))
                        .add("guards/half-way.toml")
                        .sources());
    }

    /** A hypervisor A that is built for another ABI of the base. */
    ModuleBuild foreign() throws SoakException, TwinException, InterruptedException {
        return build(
                Twin.A,
                KernelVariant.copy(sources, scratch.resolve("foreign-abi"))
                        .foreignAbi()
                        .sources());
    }

    /** Whether a build is refused from its ELF file already, in what words. */
    Check verifierRefuses(ModuleBuild base, ModuleBuild twin) throws TwinException, InterruptedException {
        try {
            new ModuleVerifier(kernel).verify(base, List.of(twin));
            return Check.of("foreign-abi-verified", false, "the verification lets it pass");
        } catch (VerificationException e) {
            boolean told = String.valueOf(e.getMessage()).contains("ABI");
            return Check.of("foreign-abi-verified", told, "refused before load: " + e.getMessage());
        }
    }

    private ModuleBuild build(Twin twin, KernelSources from) throws TwinException, InterruptedException {
        return new HypervisorBuilder(cache, from, progress).build(new BuildRequest(twin, kernel, List.of()));
    }
}
