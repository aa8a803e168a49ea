package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Builds the base module, the hypervisors and the guests' probe. A module is kept under the hash of everything it was built
 * from, so that unchanged input is not built again. An interrupted thread ends the compiler and leaves nothing half-built.
 */
public final class HypervisorBuilder {
    /** Goes into every identity: to be raised when this class builds differently from the same input. */
    private static final String RECIPE = "3";

    private static final String RECORD = "identity.json";

    private final TwinCache cache;
    private final KernelSources sources;
    private final Progress progress;
    /** Looked at once: a toolchain has thousands of files. */
    private final Map<KernelTree, BuildRoot> roots = new ConcurrentHashMap<>();

    public HypervisorBuilder(TwinCache cache, KernelSources sources, Progress progress) {
        this.cache = cache;
        this.sources = sources;
        this.progress = progress;
    }

    /** Builds the base module for a kernel. */
    public ModuleBuild buildBase(KernelTree kernel) throws TwinException, InterruptedException {
        return buildPlain(kernel, "twinhype_base", sources.base());
    }

    /** Builds the module that shows, in a guest with this kernel, whether a fix is under it. */
    public ModuleBuild buildProbe(KernelTree kernel) throws TwinException, InterruptedException {
        return buildPlain(kernel, "invlpga_probe", sources.probe());
    }

    /**
     * Builds the base and both hypervisors from a kernel's own KVM, and verifies that they can be loaded beside each other.
     *
     * @throws VerificationException if they can't
     */
    public Trio buildTrio(KernelTree kernel, Vendor vendor) throws TwinException, InterruptedException {
        Trio trio = new Trio(
                buildBase(kernel),
                build(new BuildRequest(Twin.A, kernel, vendor, List.of())),
                build(new BuildRequest(Twin.B, kernel, vendor, List.of())));
        new ModuleVerifier(kernel).verify(trio.base(), List.of(trio.a(), trio.b()));
        return trio;
    }

    /** Builds a hypervisor, and the base it stands on. */
    public ModuleBuild build(BuildRequest request) throws TwinException, InterruptedException {
        ModuleBuild base = buildBase(request.kernel());
        String name = request.twin().moduleName();
        List<String> titles = new ArrayList<>();
        for (SourcePatch patch : request.patches()) {
            titles.add(patch.reversed() ? "reverted: " + patch.title() : patch.title());
        }
        if (request.source().isPresent()) {
            request.source().get().requireKvmFor(request.kernel());
        }
        return steps().quietly("Building " + name, () -> {
            BuildRoot root = root(request.kernel());
            Compiler compiler = Compiler.of(request.kernel(), root);
            String own = KernelSources.hash(List.of(sources.edits(), sources.base(), sources.twin()));
            Sha256 identity = identity(name, request.kernel(), compiler, root)
                    .add("vendor", request.vendor().word())
                    .add("sources", own);
            if (request.source().isPresent()) {
                identity.add("source", KvmSource.hash(request.source().get()));
            }
            for (SourcePatch patch : request.patches()) {
                identity.add(patch.reversed() ? "revert" : "apply", readable(patch));
            }
            Recipe recipe = new Recipe(
                    name,
                    request.twin().name(),
                    request.vendor().word(),
                    identity.hex(),
                    request.kernel(),
                    compiler,
                    root,
                    origin(request),
                    titles,
                    own,
                    fresh -> prepare(request, fresh),
                    List.of(
                            "TWIN=" + request.twin().letter(),
                            "VENDOR=" + request.vendor().word(),
                            "KBUILD_EXTRA_SYMBOLS=" + base.symbolVersions()));
            return cachedOrBuilt(recipe);
        });
    }

    @FunctionalInterface
    private interface Preparation {
        /** Writes the sources, and says what is to be known of them. */
        List<String> in(Path directory) throws IOException, TwinException, InterruptedException;
    }

    private record Recipe(
            String name,
            String twin,
            String vendor,
            String identity,
            KernelTree kernel,
            Compiler compiler,
            BuildRoot root,
            String source,
            List<String> patches,
            String sourcesHash,
            Preparation preparation,
            List<String> variables) {
        /** What the directory is called in which modules of this kind are compiled again and again. */
        String tree() {
            return "tree-" + name + (vendor.isEmpty() ? "" : "-" + vendor) + "-" + kernel.series();
        }
    }

    private ModuleBuild buildPlain(KernelTree kernel, String name, Path directory)
            throws TwinException, InterruptedException {
        return steps().quietly("Building " + name, () -> {
            BuildRoot root = root(kernel);
            Compiler compiler = Compiler.of(kernel, root);
            String own = KernelSources.hash(List.of(directory));
            String identity =
                    identity(name, kernel, compiler, root).add("sources", own).hex();
            return cachedOrBuilt(new Recipe(
                    name,
                    "",
                    "",
                    identity,
                    kernel,
                    compiler,
                    root,
                    "",
                    List.of(),
                    own,
                    fresh -> {
                        Trees.copy(directory, fresh);
                        return List.of();
                    },
                    List.of()));
        });
    }

    private static Sha256 identity(String name, KernelTree kernel, Compiler compiler, BuildRoot root) {
        return new Sha256().add("recipe", RECIPE).add("name", name).add("toolchain", toolchain(kernel, compiler, root));
    }

    private static String toolchain(KernelTree kernel, Compiler compiler, BuildRoot root) {
        Sha256 hash = new Sha256().add("release", kernel.release()).add("compiler", compiler.version());
        for (List<DebianPackage> packages : List.of(kernel.packages(), root.packages())) {
            packages.forEach(each -> hash.add(each.name() + "=" + each.version(), each.sha256()));
        }
        return hash.hex();
    }

    private BuildRoot root(KernelTree kernel) throws TwinException, InterruptedException {
        BuildRoot known = roots.get(kernel);
        if (known == null) {
            known = BuildRoot.of(kernel, cache, progress);
            roots.put(kernel, known);
        }
        return known;
    }

    private static String readable(SourcePatch patch) throws PatchException {
        try {
            return Sha256.of(patch.file());
        } catch (IOException e) {
            throw patch.unreadable(e);
        }
    }

    private static String origin(BuildRequest request) {
        return request.source()
                .map(source -> source.directory() + ", Linux " + source.version())
                .orElse("linux-source-" + request.kernel().series() + " "
                        + request.kernel().version());
    }

    private List<String> prepare(BuildRequest request, Path fresh)
            throws IOException, TwinException, InterruptedException {
        if (request.source().isPresent()) {
            KvmSource.copy(request.source().get(), fresh);
        } else {
            KvmSource.copy(KvmSource.of(request.kernel(), cache, steps()), fresh);
        }
        List<String> notes = new ArrayList<>();
        for (SourcePatch patch : request.patches()) {
            for (String note : patch.applyTo(fresh)) {
                notes.add(patch.file().getFileName() + ": " + note);
            }
        }
        EditSet.read(sources.edits())
                .applyTo(
                        fresh,
                        request.kernel().series(),
                        request.vendor(),
                        request.twin().variables(),
                        new Coccinelle(cache.edits()));
        Trees.copy(sources.twin(), fresh);
        Files.copy(sources.header(), fresh.resolve(sources.header().getFileName()));
        return notes;
    }

    private ModuleBuild cachedOrBuilt(Recipe recipe) throws IOException, TwinException, InterruptedException {
        try (Workspace workspace = Workspace.in(cache.builds(), progress)) {
            Path place = cache.builds().resolve(recipe.identity());
            Optional<ModuleBuild> cached = cached(place, recipe.name());
            if (cached.isPresent()) {
                return cached.get();
            }
            Path fresh = Files.createDirectory(workspace.scratch().resolve("sources"));
            List<String> notes = recipe.preparation().in(fresh);
            Path result = Files.createDirectory(workspace.scratch().resolve("result"));
            long start = System.nanoTime();
            steps().act("Compiling " + recipe.name(), () -> compile(recipe, fresh, result));
            double seconds = Duration.ofNanos(System.nanoTime() - start).toMillis() / 1000.0;
            BuildRecord record = new BuildRecord(
                    recipe.name(),
                    recipe.twin(),
                    recipe.vendor(),
                    recipe.identity(),
                    recipe.kernel().release(),
                    recipe.kernel().version(),
                    recipe.source(),
                    recipe.patches(),
                    notes,
                    recipe.sourcesHash(),
                    recipe.compiler().version(),
                    Sha256.of(module(result, recipe.name())),
                    seconds);
            Json.write(record, result.resolve(RECORD));
            Trees.replace(result, place);
            return new ModuleBuild(record, module(place, recipe.name()), false);
        }
    }

    private Optional<ModuleBuild> cached(Path place, String name) throws IOException {
        if (!Files.exists(place)) {
            return Optional.empty();
        }
        try {
            BuildRecord record = Json.read(place.resolve(RECORD), BuildRecord.class);
            Path module = module(place, name);
            if (Sha256.of(module).equals(record.fileSha256())) {
                return Optional.of(new ModuleBuild(record, module, true));
            }
            progress.note(module + " is not the file that was built; it is built again.");
        } catch (IOException e) {
            progress.note("The cached build in " + place + " is damaged; it is built again.");
        }
        return Optional.empty();
    }

    private void compile(Recipe recipe, Path fresh, Path result)
            throws IOException, TwinException, InterruptedException {
        Path log = result.resolve("build.log");
        Kbuild kbuild = new Kbuild(recipe.kernel(), recipe.compiler(), recipe.root());
        List<String> variables = new ArrayList<>(recipe.variables());
        variables.add("TWINHYPE_IDENTITY=" + recipe.identity());
        try (BuildTree tree = BuildTree.with(
                fresh,
                cache.builds().resolve(recipe.tree()),
                toolchain(recipe.kernel(), recipe.compiler(), recipe.root()))) {
            kbuild.build(tree.directory(), variables, log);
            kbuild.strip(module(tree.directory(), recipe.name()), module(result, recipe.name()));
            Files.copy(tree.directory().resolve("Module.symvers"), result.resolve("Module.symvers"));
            tree.finished();
        } catch (BuildException e) {
            Path kept = cache.builds().resolve("failed-" + recipe.name() + ".log");
            if (Files.exists(log)) {
                Files.move(log, kept, StandardCopyOption.REPLACE_EXISTING);
            }
            throw new BuildException(
                    recipe.name() + " could not be built. " + e.sentence() + "\nThe whole log is " + kept, e);
        }
    }

    private static Path module(Path directory, String name) {
        return directory.resolve(name + ".ko");
    }

    private Steps steps() {
        return new Steps(progress, cache.directory());
    }
}
