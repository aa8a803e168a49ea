package io.twinhype.cli;

import io.twinhype.install.HookSettings;
import io.twinhype.install.InstallReport;
import io.twinhype.install.InstallRequest;
import io.twinhype.install.Installation;
import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.InstalledKernel;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.ModuleSigner;
import io.twinhype.twin.ModuleTrust;
import io.twinhype.twin.SignedModule;
import io.twinhype.twin.SigningKey;
import io.twinhype.twin.Trio;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.Vendor;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes the hypervisors part of a host. */
@Command(
        name = "install",
        description =
                "Build base, A and B for a kernel of this host, put them under its updates directory, and have A answer"
                        + " for KVM from the next boot on. Nothing is loaded or unloaded now. A hook does the same for each kernel"
                        + " that is installed later. `twinhype hypervisor uninstall` takes it all back.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  twinhype hypervisor install --dry-run",
            "  twinhype hypervisor install --sign-key mok.key --sign-cert mok.pem"
        })
final class HypervisorInstallCommand implements Callable<Integer> {
    @Mixin
    private final HostOptions host = new HostOptions();

    @Mixin
    private final SigningOptions signing = new SigningOptions();

    @Option(
            names = "--kernel-release",
            paramLabel = "RELEASE",
            description = "An installed kernel, as `uname -r` names it (default: the running one).")
    private @Nullable String release;

    @Option(
            names = "--vendor",
            paramLabel = "VENDOR",
            description = "The processors they are for, ${COMPLETION-CANDIDATES} (default: this machine's, else svm).")
    private @Nullable Vendor vendor;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call()
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        HypervisorProgress progress = new HypervisorProgress(out);
        TwinCache cache = TwinCache.of(System.getenv());
        KernelSources sources = KernelSources.of(System.getenv());
        String wanted = release == null ? System.getProperty("os.version") : release;
        Installation installation = new Installation(host.root());
        InstalledKernel kernel = new InstalledKernel(host.root(), wanted);
        Vendor processors = vendor != null ? vendor : processors();
        Optional<SigningKey> key = signing.key();
        if (host.dryRun()) {
            installation
                    .preview(new InstallRequest(wanted, List.of(), Optional.empty(), hook(kernel, processors)))
                    .forEach(action -> out.println("Would " + action));
            out.println("Nothing was done.");
            return 0;
        }
        installation.check(wanted);
        ModuleTrust trust = host.isThisMachine() ? ModuleTrust.ofThisMachine() : new ModuleTrust(List.of(), List.of());
        if (key.isEmpty()) {
            trust.requireKey(wanted);
        }
        KernelTree tree = kernel.packages(cache, progress);
        Trio trio = new HypervisorBuilder(cache, sources, progress).buildTrio(tree, processors);
        List<Path> files = new ArrayList<>();
        for (ModuleBuild build : trio.builds()) {
            Path file = build.file();
            if (key.isPresent()) {
                SignedModule signed = new ModuleSigner(tree, key.get()).sign(build);
                file = signed.file();
            }
            files.add(file);
            out.println(build.record().name() + ", build " + build.record().shortIdentity() + ", from linux "
                    + build.record().kernelVersion() + " for " + wanted
                    + key.map(signer -> ", signed by " + signer.signer()).orElse(", not signed"));
        }
        Optional<Path> der = Optional.empty();
        if (key.isPresent()) {
            der = Optional.of(Files.write(
                    files.getFirst().resolveSibling("certificate.der"),
                    key.get().certificate().getEncoded()));
        }
        InstallReport report = installation.install(new InstallRequest(wanted, files, der, hook(kernel, processors)));
        HostOptions.tell(report, out);
        if (key.isPresent()) {
            trust.missing(key.get().certificate(), installation.certificate()).ifPresent(out::println);
        }
        out.flush();
        return 0;
    }

    private static Vendor processors() throws Exception {
        return Vendor.ofProcessor(Files.readString(Path.of("/proc/cpuinfo"))).orElse(Vendor.SVM);
    }

    private HookSettings hook(InstalledKernel kernel, Vendor processors) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--vendor", processors.word()));
        arguments.addAll(signing.arguments());
        TwinCache cache = TwinCache.of(System.getenv());
        return new HookSettings(
                Path.of(System.getenv().getOrDefault("TWINHYPE_HOME", "."), "twinhype")
                        .toAbsolutePath()
                        .normalize(),
                System.getenv().getOrDefault("JAVA_HOME", ""),
                Optional.ofNullable(cache.directory().getParent()).orElse(cache.directory()),
                arguments,
                kernel.hasHeaders());
    }
}
