package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class IndependenceTests {
    private static final String MAGIC = "6.1.0-56-amd64 SMP preempt mod_unload modversions ";
    private static final Map<String, Long> CRCS = Map.of(
            "printk",
            1L,
            "irq_bypass_register_consumer",
            2L,
            "kvm_get_kvm",
            3L,
            "i2c_transfer",
            4L,
            "twinhype_attach",
            5L);

    private final Independence rules = new Independence(
            new SymbolVersions(Map.of(
                    "printk", new SymbolVersions.Export(1, "vmlinux"),
                    "irq_bypass_register_consumer", new SymbolVersions.Export(2, "virt/lib/irqbypass"),
                    "kvm_get_kvm", new SymbolVersions.Export(3, "arch/x86/kvm/kvm"),
                    "i2c_transfer", new SymbolVersions.Export(4, "drivers/i2c/i2c-core"))),
            new SymbolVersions(Map.of("twinhype_attach", new SymbolVersions.Export(5, "twinhype_base"))),
            MAGIC,
            module("twinhype_base", Set.of("printk"), Set.of("twinhype_attach"), Set.of("twinhype_attach")));

    private final ModuleFile a = twin("twinhype_a", "printk", "irq_bypass_register_consumer", "twinhype_attach");
    private final ModuleFile b = twin("twinhype_b", "printk", "twinhype_attach");

    @Test
    void independentModulesAreCounted() {
        assertThat(rules.findings(List.of(a, b))).isEmpty();
        assertThat(rules.report(List.of(a, b)).summary()).isEqualTo("""
                twinhype_base: 1 imports, all from the kernel; 1 exports
                twinhype_a: 3 imports, 1 from the base and all others from the kernel; 0 exports
                twinhype_b: 2 imports, 1 from the base and all others from the kernel; 0 exports""");
    }

    @Test
    void anExportOfATwinIsNamed() {
        ModuleFile exporting = module("twinhype_b", Set.of("printk"), Set.of("kvm_init"), Set.of("kvm_init"));
        assertThat(rules.findings(List.of(a, exporting)))
                .containsExactly("twinhype_b exports kvm_init; a hypervisor must not export anything, or a second one"
                        + " can't be loaded.");
    }

    @Test
    void aSymbolOfTheOtherTwinIsNamed() {
        ModuleFile needing = twin("twinhype_a", "b_only");
        ModuleFile having = module("twinhype_b", Set.of("printk"), Set.of("b_only"), Set.of());
        assertThat(rules.findings(List.of(needing, having)))
                .contains("twinhype_a needs b_only, which is in twinhype_b: they are not independent.");
    }

    @Test
    void aSymbolOfStockKvmIsNamed() {
        assertThat(rules.findings(List.of(twin("twinhype_a", "kvm_get_kvm"))))
                .containsExactly("twinhype_a needs kvm_get_kvm of the stock module arch/x86/kvm/kvm.ko, which can't be"
                        + " loaded beside it.");
    }

    @Test
    void aSymbolOfAnUnknownStockModuleIsNamed() {
        assertThat(rules.findings(List.of(twin("twinhype_a", "i2c_transfer"))))
                .singleElement()
                .asString()
                .contains("needs i2c_transfer of the stock module drivers/i2c/i2c-core.ko");
    }

    @Test
    void aSymbolThatNobodyHasIsNamed() {
        assertThat(rules.findings(List.of(twin("twinhype_a", "no_such"))))
                .contains("twinhype_a needs no_such, which neither the kernel nor the base has.");
    }

    @Test
    void theBaseMustNotNeedATwin() {
        Independence needy = new Independence(
                rules.kernel(),
                rules.baseExports(),
                MAGIC,
                module("twinhype_base", Set.of("in_a"), Set.of("twinhype_attach"), Set.of("twinhype_attach")));
        ModuleFile having = module("twinhype_a", Set.of("printk"), Set.of("in_a"), Set.of());
        assertThat(needy.findings(List.of(having)))
                .contains("twinhype_base needs in_a, which is in twinhype_a: they are not independent.");
    }

    @Test
    void aStaleVersionOfTheBaseIsNamed() {
        Map<String, Long> stale = new HashMap<>(CRCS);
        stale.put("twinhype_attach", 0xdeadL);
        ModuleFile old = new ModuleFile(a.info(), a.defined(), a.undefined(), a.exported(), stale);
        assertThat(rules.findings(List.of(old)))
                .containsExactly(
                        "twinhype_a was built with version 0x0000dead of twinhype_attach, but it has 0x00000005;"
                                + " build it again.");
    }

    @Test
    void aSymbolWithoutVersionIsNamed() {
        ModuleFile bare = new ModuleFile(a.info(), a.defined(), Set.of("printk"), a.exported(), Map.of());
        assertThat(rules.findings(List.of(bare)))
                .containsExactly("twinhype_a does not say which version of printk it was built with.");
    }

    @Test
    void anotherKernelAndAnotherAbiAreNamed() {
        ModuleFile foreign = stating(a, Map.of("vermagic", "6.1.0-55-amd64 SMP ", "twinhype_abi", "2"));
        assertThat(rules.findings(List.of(foreign)))
                .containsExactly(
                        "twinhype_a has the version magic \"6.1.0-55-amd64 SMP \", the kernel \"" + MAGIC + "\".",
                        "twinhype_a is built for ABI version 2 of the base, which has 1.");
    }

    @Test
    void otherSizesOfSharedStructuresAreNamed() {
        assertThat(rules.findings(List.of(stating(a, Map.of("twinhype_sizes", "description:88")), b)))
                .containsExactly("twinhype_a shares structures of these sizes with the base: description:88; the base"
                        + " has description:80; build both again.");
    }

    @Test
    void hypervisorsForDifferentProcessorsAreNamed() {
        assertThat(rules.findings(List.of(a, stating(b, Map.of("twinhype_vendor", "vmx")))))
                .containsExactly(
                        "The hypervisors are built for different processors: twinhype_a for svm, twinhype_b for vmx.");
    }

    @Test
    void aVendorThatTheBaseDoesNotServeIsNamed() {
        assertThat(rules.findings(List.of(stating(a, Map.of("twinhype_vendor", "tdx")))))
                .containsExactly("twinhype_a is built for the vendor tdx, the base for svm,vmx.");
    }

    @Test
    void aModuleThatStatesNothingIsRefused() {
        ModuleFile silent = new ModuleFile(
                Map.of("name", "twinhype_a", "vermagic", MAGIC), Set.of(), Set.of("printk"), Set.of(), CRCS);
        assertThat(rules.findings(List.of(silent)))
                .containsExactly(
                        "twinhype_a is built for ABI version none of the base, which has 1.",
                        "twinhype_a shares structures of these sizes with the base: none; the base has description:80;"
                                + " build both again.",
                        "twinhype_a is built for the vendor none, the base for svm,vmx.");
    }

    @Test
    void theSameHypervisorTwiceIsNamed() {
        assertThat(rules.findings(List.of(a, a))).contains("Two hypervisors have the name twinhype_a.");
    }

    private static ModuleFile twin(String name, String... needs) {
        return module(name, Set.of(needs), Set.of(), Set.of());
    }

    private static ModuleFile module(String name, Set<String> needs, Set<String> has, Set<String> exports) {
        Map<String, String> info = Map.of(
                "name",
                name,
                "vermagic",
                MAGIC,
                "twinhype_abi",
                "1",
                "twinhype_sizes",
                "description:80",
                "twinhype_vendor",
                name.equals("twinhype_base") ? "svm,vmx" : "svm");
        return new ModuleFile(info, has, needs, exports, versions(needs));
    }

    /** The same module, with other entries in its modinfo. */
    private static ModuleFile stating(ModuleFile module, Map<String, String> entries) {
        Map<String, String> info = new HashMap<>(module.info());
        info.putAll(entries);
        return new ModuleFile(info, module.defined(), module.undefined(), module.exported(), module.versions());
    }

    private static Map<String, Long> versions(Set<String> needs) {
        Map<String, Long> versions = new HashMap<>();
        needs.forEach(symbol -> versions.put(symbol, CRCS.getOrDefault(symbol, 0L)));
        return versions;
    }
}
