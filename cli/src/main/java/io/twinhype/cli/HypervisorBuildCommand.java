package io.twinhype.cli;

import io.twinhype.twin.BuildRequest;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.ModuleSigner;
import io.twinhype.twin.ModuleVerifier;
import io.twinhype.twin.SignedModule;
import io.twinhype.twin.SigningKey;
import io.twinhype.twin.SourcePatch;
import io.twinhype.twin.Twin;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.Vendor;
import io.twinhype.twin.VerificationReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Builds hypervisors and proves them independent. */
@Command(
        name = "build",
        description =
                "Build a hypervisor, and the base under it, from a kernel's own KVM source, and prove from the ELF"
                        + " files that it depends on no other hypervisor. What was built before from the same input is not built"
                        + " again.",
        footerHeading = "%nExample:%n",
        footer = "  twinhype hypervisor build A --revert kernel/patches/CVE-2026-46082-invlpga.patch")
final class HypervisorBuildCommand implements Callable<Integer> {
    /** Which hypervisors one command builds. */
    enum Which {
        A,
        B,
        all;

        List<Twin> twins() {
            return switch (this) {
                case A -> List.of(Twin.A);
                case B -> List.of(Twin.B);
                case all -> List.of(Twin.A, Twin.B);
            };
        }
    }

    @Parameters(paramLabel = "WHICH", description = "${COMPLETION-CANDIDATES}.")
    private Which which = Which.all;

    @Option(
            names = "--kernel",
            paramLabel = "SERIES",
            defaultValue = "6.1",
            description = "The kernel series to build from (default: ${DEFAULT-VALUE}).")
    private String series = "6.1";

    @Option(
            names = "--vendor",
            paramLabel = "VENDOR",
            description = "The processors to build for: svm or vmx (default: this machine's, else svm).")
    private String vendor = "";

    @Option(
            names = "--revert",
            paramLabel = "FILE",
            description = "A patch to take back from the source; may be repeated. Done before any --patch.")
    private List<Path> reverted = new ArrayList<>();

    @Option(names = "--patch", paramLabel = "FILE", description = "A patch to make to the source; may be repeated.")
    private List<Path> applied = new ArrayList<>();

    @Mixin
    private final SigningOptions signing = new SigningOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        // A key that cannot be used is told of before minutes are spent on building.
        Optional<SigningKey> _ = signing.key();
        TwinCache cache = TwinCache.of(System.getenv());
        HypervisorProgress progress = new HypervisorProgress(out);
        KernelSources sources = KernelSources.of(System.getenv());
        KernelTree kernel = new KernelPackages(cache, progress).obtain(KernelSeries.of(series));
        HypervisorBuilder builder = new HypervisorBuilder(cache, sources, progress);
        List<SourcePatch> patches = new ArrayList<>();
        reverted.forEach(file -> patches.add(SourcePatch.revert(file)));
        applied.forEach(file -> patches.add(SourcePatch.apply(file)));

        ModuleBuild base = builder.buildBase(kernel);
        tell(out, base);
        List<ModuleBuild> builds = new ArrayList<>();
        for (Twin twin : which.twins()) {
            ModuleBuild build = builder.build(new BuildRequest(twin, kernel, vendor(), patches));
            tell(out, build);
            builds.add(build);
        }
        VerificationReport report = new ModuleVerifier(kernel).verify(base, builds);
        out.println("Verified: independent of each other and of the stock KVM, and made for this kernel and base.");
        report.summary().lines().forEach(line -> out.println("  " + line));
        builds.addFirst(base);
        sign(out, kernel, builds);
        out.flush();
        return 0;
    }

    private Vendor vendor() throws IOException {
        if (!vendor.isEmpty()) {
            return Vendor.named(vendor)
                    .orElseThrow(() -> new ParameterException(
                            spec.commandLine(), "There is no vendor \"" + vendor + "\"; choose svm or vmx."));
        }
        return Vendor.ofProcessor(Files.readString(Path.of("/proc/cpuinfo"))).orElse(Vendor.SVM);
    }

    private void sign(PrintWriter out, KernelTree kernel, List<ModuleBuild> builds) throws Exception {
        Optional<ModuleSigner> signer = signing.signer(kernel);
        if (signer.isEmpty()) {
            return;
        }
        for (ModuleBuild build : builds) {
            SignedModule signed = signer.get().sign(build);
            out.println(
                    "Signed " + build.record().name() + " by " + signed.record().signer() + ", certificate "
                            + signed.record().certificateSha256().substring(0, 12) + " until "
                            + signed.record().validUntil() + ": " + signed.file());
        }
    }

    private static void tell(PrintWriter out, ModuleBuild build) {
        out.println(build.record().name() + ", build " + build.record().shortIdentity() + ", from linux "
                + build.record().kernelVersion() + " for " + build.record().kernelRelease());
        build.record().patches().forEach(title -> out.println("  patch: " + title));
        out.printf(
                Locale.ROOT,
                "  %s %.1f s: %s%n",
                build.cached() ? "was built before in" : "built in",
                build.record().buildSeconds(),
                build.file());
        out.flush();
    }
}
