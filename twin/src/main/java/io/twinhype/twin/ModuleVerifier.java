package io.twinhype.twin;

import io.twinhype.kmod.KernelModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Proves from the ELF files alone, before anything is loaded, that hypervisors are independent of each other and of the
 * stock KVM, and that they and the base fit their kernel. A hypervisor must never be loaded to find out whether it loads:
 * one whose start fails half-way harms the one that runs.
 */
public final class ModuleVerifier {
    private final KernelTree kernel;

    public ModuleVerifier(KernelTree kernel) {
        this.kernel = kernel;
    }

    /**
     * Verifies a base and the hypervisors that are to be loaded over it.
     *
     * @throws VerificationException naming every symbol or statement that is in the way
     */
    public VerificationReport verify(ModuleBuild base, List<ModuleBuild> twins)
            throws TwinException, InterruptedException {
        return new Steps(Progress.SILENT, kernel.root()).quietly("Verifying the modules", () -> {
            Independence rules = new Independence(
                    SymbolVersions.read(kernel.headers().resolve("Module.symvers")),
                    SymbolVersions.read(base.symbolVersions()),
                    ModuleFile.read(stockModule()).info().getOrDefault("vermagic", ""),
                    ModuleFile.read(base.file()));
            List<ModuleFile> files = new ArrayList<>();
            List<String> findings = new ArrayList<>(identity(base, rules.base()));
            for (ModuleBuild twin : twins) {
                ModuleFile file = ModuleFile.read(twin.file());
                findings.addAll(identity(twin, file));
                files.add(file);
            }
            findings.addAll(rules.findings(files));
            if (!findings.isEmpty()) {
                throw new VerificationException(new ArrayList<>(new TreeSet<>(findings)));
            }
            return rules.report(files);
        });
    }

    /** The file must be the build that its record tells of. */
    private static List<String> identity(ModuleBuild build, ModuleFile file) {
        String carried = file.info().getOrDefault("twinhype_identity", "none");
        return carried.equals(build.record().identity())
                ? List.of()
                : List.of(build.file() + " carries the identity " + carried + ", not that of its record, "
                        + build.record().identity() + ".");
    }

    /** Any module of the kernel's own package: all carry the same version magic. */
    private Path stockModule() throws IOException, VerificationException {
        try (Stream<Path> modules = Files.find(
                kernel.modulesDirectory(),
                Integer.MAX_VALUE,
                (path, attributes) -> attributes.isRegularFile() && KernelModule.isModule(path))) {
            return modules.findFirst()
                    .orElseThrow(() -> new VerificationException(
                            List.of("There is no module in " + kernel.modulesDirectory() + " to compare with.")));
        }
    }
}
