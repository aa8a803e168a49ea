package io.twinhype.cli;

import io.twinhype.twin.BuildRecord;
import io.twinhype.twin.BuildRequest;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.ModuleSigner;
import io.twinhype.twin.ModuleVerifier;
import io.twinhype.twin.SignedModule;
import io.twinhype.twin.SigningKey;
import io.twinhype.twin.SourcePatch;
import io.twinhype.twin.SourceTree;
import io.twinhype.twin.Twin;
import io.twinhype.twin.TwinException;
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
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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
        footer = {
            "  twinhype hypervisor build A --revert kernel/patches/CVE-2026-46082-invlpga.patch",
            "  twinhype hypervisor build all --kernel 6.12 --vendor vmx",
            "  twinhype hypervisor build B --source ~/linux-6.1.180 --patch fix-1.patch --patch fix-2.patch"
        })
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

    @Mixin
    private KernelOptions kernel = new KernelOptions();

    @Option(
            names = "--vendor",
            paramLabel = "VENDOR",
            description = "The processors it is for, svm (AMD) or vmx (Intel) (default: this machine's, else svm).")
    private @Nullable Vendor vendor;

    @Option(
            names = "--source",
            paramLabel = "DIR",
            description = "An unpacked kernel source whose KVM is built instead of that of the kernel's package.")
    private @Nullable Path source;

    @Option(
            names = "--revert",
            paramLabel = "FILE",
            description = "A patch to take back from the source; may be repeated. Done before any --patch.")
    private List<Path> reverted = new ArrayList<>();

    @Option(
            names = "--patch",
            paramLabel = "FILE",
            description = "A patch to make to the source; may be repeated, and is done in that order.")
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
        HypervisorProgress progress = new HypervisorProgress(out);
        Optional<SourceTree> tree = source == null ? Optional.empty() : Optional.of(SourceTree.in(source));
        List<SourcePatch> patches = new ArrayList<>();
        reverted.forEach(file -> patches.add(SourcePatch.revert(file)));
        applied.forEach(file -> patches.add(SourcePatch.apply(file)));
        KernelTree packages = kernel.tree(progress);
        if (tree.isPresent()) {
            tree.get().requireKvmFor(packages);
        }
        HypervisorBuilder builder = KernelOptions.builder(progress);
        Vendor wanted = vendor();
        plan(out, packages, wanted, tree, patches);

        ModuleBuild base = builder.buildBase(packages);
        tell(out, base);
        List<ModuleBuild> builds = new ArrayList<>();
        for (Twin twin : which.twins()) {
            ModuleBuild build = builder.build(new BuildRequest(twin, packages, wanted, tree, patches));
            tell(out, build);
            builds.add(build);
        }
        VerificationReport report = new ModuleVerifier(packages).verify(base, builds);
        out.println("Verified: independent of each other and of the stock KVM, and made for this kernel and base.");
        report.summary().lines().forEach(line -> out.println("  " + line));
        builds.addFirst(base);
        sign(out, packages, builds);
        out.flush();
        return 0;
    }

    private Vendor vendor() throws IOException {
        return vendor == null
                ? Vendor.ofProcessor(Files.readString(Path.of("/proc/cpuinfo"))).orElse(Vendor.SVM)
                : vendor;
    }

    /** What is about to be built, and from what. */
    private static void plan(
            PrintWriter out, KernelTree kernel, Vendor vendor, Optional<SourceTree> source, List<SourcePatch> patches)
            throws TwinException {
        out.println("For kernel " + kernel.release() + " (linux " + kernel.version() + "), vendor " + vendor.word()
                + ", from the KVM of "
                + source.map(tree -> tree.directory() + ", Linux " + tree.version())
                        .orElse("linux-source-" + kernel.series() + " " + kernel.version()));
        if (source.isPresent() && !source.get().isVersionOf(kernel)) {
            out.println("Note: the source is of Linux " + source.get().version() + ", the kernel of " + kernel.version()
                    + "; the compiler decides whether they fit.");
        }
        for (SourcePatch patch : patches) {
            out.println("  " + (patch.reversed() ? "without: " : "with: ") + patch.title() + " (" + patch.file() + ")");
        }
        out.flush();
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
        BuildRecord record = build.record();
        out.println(record.name() + ", build " + record.shortIdentity());
        out.println("  identity: " + record.identity());
        record.patches().forEach(title -> out.println("  patch: " + title));
        record.notes().forEach(note -> out.println("  note: " + note));
        out.println("  compiler: " + record.compiler());
        out.printf(
                Locale.ROOT,
                "  %s %.1f s: %s%n",
                build.cached() ? "was built before in" : "built in",
                record.buildSeconds(),
                build.file());
        out.flush();
    }
}
