package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads real module files: the project's, the kernel's own, and small ones compiled to break the rules. */
@Tag("system")
final class ModuleVerifierSystemTests {
    private static final Path KERNEL = Path.of("..", "kernel").toAbsolutePath().normalize();
    private static final TwinCache CACHE = TwinCache.of(System.getenv());

    private static KernelTree kernel;
    private static ModuleBuild base;
    private static List<ModuleBuild> twins;

    @TempDir
    Path directory;

    @BeforeAll
    static void build() throws TwinException, InterruptedException {
        ListeningProgress progress = new ListeningProgress();
        kernel = new KernelPackages(CACHE, progress).obtain(KernelSeries.V6_1);
        HypervisorBuilder builder = new HypervisorBuilder(CACHE, new KernelSources(KERNEL), progress);
        base = builder.buildBase(kernel);
        twins = List.of(
                builder.build(new BuildRequest(Twin.A, kernel, List.of())),
                builder.build(new BuildRequest(Twin.B, kernel, List.of())));
    }

    @Test
    void theRealModulesAreIndependent() throws TwinException, InterruptedException {
        VerificationReport report = new ModuleVerifier(kernel).verify(base, twins);
        System.out.println(report.summary());
        assertThat(report.modules())
                .extracting(VerificationReport.Module::name)
                .containsExactly("twinhype_base", "twinhype_a", "twinhype_b");
        assertThat(report.modules().getFirst().exports()).isGreaterThan(10);
        assertThat(report.modules().subList(1, 3)).allSatisfy(module -> {
            assertThat(module.exports()).isZero();
            assertThat(module.fromBase()).isGreaterThan(10);
            assertThat(module.imports()).isGreaterThan(300);
        });
    }

    @Test
    void stockKvmIsReadAndRefused() throws Exception {
        ModuleFile stock = ModuleFile.read(kernel.modulesDirectory().resolve("kernel/arch/x86/kvm/kvm.ko"));
        assertThat(stock.name()).isEqualTo("kvm");
        assertThat(stock.exported()).contains("kvm_init", "kvm_get_kvm").hasSizeGreaterThan(200);
        assertThat(stock.versions()).containsKey("module_layout");
        ModuleFile svm = ModuleFile.read(kernel.modulesDirectory().resolve("kernel/arch/x86/kvm/kvm-amd.ko"));
        assertThat(rules().findings(List.of(svm)))
                .contains("kvm_amd needs kvm_init of the stock module arch/x86/kvm/kvm.ko, which can't be loaded beside"
                        + " it.");
    }

    @Test
    void modulesThatLeanOnEachOtherAreRefused() throws Exception {
        Path sources = Files.createDirectories(directory.resolve("modules"));
        Files.writeString(sources.resolve("Kbuild"), "obj-m := one.o two.o\n");
        Files.writeString(sources.resolve("one.c"), """
                #include <linux/module.h>
                int shared_by_mistake(int value);
                int shared_by_mistake(int value) { return value + 1; }
                EXPORT_SYMBOL_GPL(shared_by_mistake);
                MODULE_LICENSE("GPL");
                MODULE_INFO(twinhype_abi, "2");
                MODULE_INFO(twinhype_sizes, "description:80");
                MODULE_INFO(twinhype_vendor, "svm");
                """);
        Files.writeString(sources.resolve("two.c"), """
                #include <linux/module.h>
                int shared_by_mistake(int value);
                static int __init start(void) { return shared_by_mistake(1); }
                module_init(start);
                MODULE_LICENSE("GPL");
                MODULE_INFO(twinhype_abi, "7");
                MODULE_INFO(twinhype_sizes, "description:8");
                MODULE_INFO(twinhype_vendor, "vmx");
                """);
        BuildRoot root = BuildRoot.of(kernel, TwinCache.of(System.getenv()), Progress.SILENT);
        new Kbuild(kernel, Compiler.of(kernel, root), root).build(sources, List.of(), directory.resolve("log"));
        ModuleFile one = ModuleFile.read(sources.resolve("one.ko"));
        ModuleFile two = ModuleFile.read(sources.resolve("two.ko"));
        assertThat(rules().findings(List.of(one, two)))
                .containsExactly(
                        "one exports shared_by_mistake; a hypervisor must not export anything, or a second one can't be"
                                + " loaded.",
                        "two needs shared_by_mistake, which is in one: they are not independent.",
                        "two is built for ABI version 7 of the base, which has 2.",
                        "two shares structures of these sizes with the base: description:8; the base has"
                                + " description:80; build both again.",
                        "The hypervisors are built for different processors: one for svm, two for vmx.");
    }

    @Test
    void aTwinBuiltForAnOlderBaseIsRefused() throws Exception {
        Path sources = directory.resolve("kernel");
        Trees.copy(KERNEL, sources);
        Path header = sources.resolve("base/twinhype_base.h");
        Path code = sources.resolve("base/main.c");
        for (Path file : List.of(header, code)) {
            String text = Files.readString(file);
            assertThat(text).contains("int twinhype_attach(u32 abi, u32 twin, const void *description, u32 size)");
            Files.writeString(
                    file,
                    text.replace(
                            "int twinhype_attach(u32 abi, u32 twin, const void *description, u32 size)",
                            "long twinhype_attach(u32 abi, u32 twin, const void *description, u32 size)"));
        }
        ModuleBuild other = new HypervisorBuilder(
                        new TwinCache(directory.resolve("cache")), new KernelSources(sources), Progress.SILENT)
                .buildBase(kernel);
        assertThatExceptionOfType(VerificationException.class)
                .isThrownBy(() -> new ModuleVerifier(kernel).verify(other, twins))
                .withMessageStartingWith("The modules must not be loaded:")
                .withMessageContaining("twinhype_a was built with version")
                .withMessageContaining("of twinhype_attach, but it has");
    }

    /** Copies of the real modules, in each of which a few bytes say something else. */
    @Test
    void doctoredCopiesAreRefused() throws Exception {
        refused("twinhype_abi=2", "twinhype_abi=3", "is built for ABI version 3 of the base, which has 2.");
        refused("description:80", "description:88", "twinhype_a shares structures of these sizes with the base:");
        refused("twinhype_vendor=svm", "twinhype_vendor=vmx", "built for different processors: ");
        refused("vermagic=6.1.0-", "vermagic=6.1.9-", "twinhype_a has the version magic \"6.1.9-");
        refused("twinhype_identity=", "twinhype_identitx=", " carries the identity none, not that of its record");
        refused("\0misc_register\0", "\0misc_registex\0", "twinhype_a needs misc_registex, which neither the kernel");
    }

    private void refused(String text, String instead, String sentence) throws Exception {
        String original = Files.readString(twins.getFirst().file(), StandardCharsets.ISO_8859_1);
        assertThat(original).contains(text);
        Path doctored = Files.writeString(
                directory.resolve("doctored.ko"), original.replace(text, instead), StandardCharsets.ISO_8859_1);
        ModuleBuild other = new ModuleBuild(twins.getFirst().record(), doctored, false);
        assertThatExceptionOfType(VerificationException.class)
                .isThrownBy(() -> new ModuleVerifier(kernel).verify(base, List.of(other, twins.getLast())))
                .withMessageContaining(sentence);
    }

    @Test
    void modulesForIntelAreIndependentAndNoneFitsOneForAmd() throws Exception {
        HypervisorBuilder builder = new HypervisorBuilder(CACHE, new KernelSources(KERNEL), new ListeningProgress());
        ModuleBuild a = builder.build(new BuildRequest(Twin.A, kernel, Vendor.VMX, List.of()));
        ModuleBuild b = builder.build(new BuildRequest(Twin.B, kernel, Vendor.VMX, List.of()));
        assertThat(new ModuleVerifier(kernel).verify(base, List.of(a, b)).modules())
                .allSatisfy(module -> assertThat(module.imports()).isPositive());
        assertThatExceptionOfType(VerificationException.class)
                .isThrownBy(() -> new ModuleVerifier(kernel).verify(base, List.of(twins.getFirst(), b)))
                .withMessageContaining("different processors: twinhype_a for svm, twinhype_b for vmx.");
    }

    @Test
    void aTruncatedOrForeignFileIsRefused() throws Exception {
        byte[] whole = Files.readAllBytes(base.file());
        Path half = Files.write(directory.resolve("half.ko"), Arrays.copyOf(whole, whole.length / 2));
        assertThatExceptionOfType(VerificationException.class)
                .isThrownBy(() -> ModuleFile.read(half))
                .withMessageContaining(half + " is not a whole ELF file");
        assertThatExceptionOfType(VerificationException.class)
                .isThrownBy(() -> ModuleFile.read(Path.of("/bin/true")))
                .withMessageContaining("is not a kernel module for x86-64");
    }

    private static Independence rules() throws Exception {
        return new Independence(
                SymbolVersions.read(kernel.headers().resolve("Module.symvers")),
                SymbolVersions.read(base.symbolVersions()),
                ModuleFile.read(base.file()).info().getOrDefault("vermagic", ""),
                ModuleFile.read(base.file()));
    }
}
