package io.twinhype.twin;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The rules for modules that share a machine.
 *
 * @param kernel what the kernel and its stock modules export
 * @param baseExports what the base exports, with versions
 * @param vermagic the version magic of the kernel's own modules
 * @param base the base
 */
record Independence(SymbolVersions kernel, SymbolVersions baseExports, String vermagic, ModuleFile base) {
    /** Stock modules whose state two copies of KVM may share; kvm itself never is. */
    private static final Set<String> SHARED = Set.of("virt/lib/irqbypass", "drivers/crypto/ccp/ccp");

    private static final String STOCK_KVM = "arch/x86/kvm/";
    private static final String VMLINUX = "vmlinux";

    /** One sentence for everything that is in the way of loading these hypervisors over the base. */
    List<String> findings(List<ModuleFile> twins) {
        List<String> findings = new ArrayList<>();
        checkModule(base, List.copyOf(twins), false, findings);
        for (int index = 0; index < twins.size(); index++) {
            ModuleFile twin = twins.get(index);
            List<ModuleFile> others = new ArrayList<>(twins);
            others.remove(index);
            checkModule(twin, others, true, findings);
            for (String symbol : sorted(twin.exported())) {
                findings.add(twin.name() + " exports " + symbol + "; a hypervisor must not export anything, or a second"
                        + " one can't be loaded.");
            }
            checkAgreement(twin, findings);
            if (others.stream().anyMatch(other -> other.name().equals(twin.name()))) {
                findings.add("Two hypervisors have the name " + twin.name() + ".");
            }
        }
        checkVendors(twins, findings);
        return findings;
    }

    /** What twin and base state of the interface between them: kernel/base/twinhype_base.h. */
    private void checkAgreement(ModuleFile twin, List<String> findings) {
        String abi = stated(twin, "twinhype_abi");
        String baseAbi = stated(base, "twinhype_abi");
        if (!abi.equals(baseAbi)) {
            findings.add(twin.name() + " is built for ABI version " + abi + " of the base, which has " + baseAbi + ".");
        }
        String sizes = stated(twin, "twinhype_sizes");
        String baseSizes = stated(base, "twinhype_sizes");
        if (!sizes.equals(baseSizes)) {
            findings.add(twin.name() + " shares structures of these sizes with the base: " + sizes + "; the base has "
                    + baseSizes + "; build both again.");
        }
        String vendor = stated(twin, "twinhype_vendor");
        String served = stated(base, "twinhype_vendor");
        if (!List.of(served.split(",", -1)).contains(vendor)) {
            findings.add(twin.name() + " is built for the vendor " + vendor + ", the base for " + served + ".");
        }
    }

    private static void checkVendors(List<ModuleFile> twins, List<String> findings) {
        Map<String, String> vendors = new TreeMap<>();
        twins.forEach(twin -> vendors.putIfAbsent(stated(twin, "twinhype_vendor"), twin.name()));
        if (vendors.size() > 1) {
            findings.add("The hypervisors are built for different processors: "
                    + vendors.entrySet().stream()
                            .map(each -> each.getValue() + " for " + each.getKey())
                            .collect(Collectors.joining(", "))
                    + ".");
        }
    }

    private static String stated(ModuleFile module, String key) {
        return module.info().getOrDefault(key, "none");
    }

    VerificationReport report(List<ModuleFile> twins) {
        List<VerificationReport.Module> modules = new ArrayList<>();
        modules.add(summary(base, false));
        twins.forEach(twin -> modules.add(summary(twin, true)));
        return new VerificationReport(modules);
    }

    private VerificationReport.Module summary(ModuleFile module, boolean mayUseBase) {
        int fromBase = (int) module.undefined().stream()
                .filter(symbol -> mayUseBase && isOfBase(symbol))
                .count();
        return new VerificationReport.Module(
                module.name(),
                module.undefined().size(),
                fromBase,
                module.exported().size());
    }

    private void checkModule(ModuleFile module, List<ModuleFile> others, boolean mayUseBase, List<String> findings) {
        String magic = module.info().getOrDefault("vermagic", "none");
        if (!magic.equals(vermagic)) {
            findings.add(module.name() + " has the version magic \"" + magic + "\", the kernel \"" + vermagic + "\".");
        }
        for (String symbol : sorted(module.undefined())) {
            if (mayUseBase && isOfBase(symbol)) {
                continue;
            }
            importFinding(module, symbol, others).ifPresent(findings::add);
        }
        for (String symbol : sorted(module.undefined())) {
            if (!module.versions().containsKey(symbol)) {
                findings.add(module.name() + " does not say which version of " + symbol + " it was built with.");
            }
        }
        new TreeMap<>(module.versions()).forEach((symbol, crc) -> expectedVersion(symbol, mayUseBase)
                .filter(expected -> expected != (long) crc)
                .ifPresent(expected ->
                        findings.add("%s was built with version %#010x of %s, but it has %#010x; build it again."
                                .formatted(module.name(), crc, symbol, expected))));
    }

    /** What is wrong with a need that the base does not meet. */
    private Optional<String> importFinding(ModuleFile module, String symbol, List<ModuleFile> others) {
        Optional<ModuleFile> other = others.stream()
                .filter(each ->
                        each.defined().contains(symbol) || each.exported().contains(symbol))
                .findFirst();
        String needs = module.name() + " needs " + symbol;
        Optional<SymbolVersions.Export> stock = kernel.find(symbol);
        if (stock.isPresent()) {
            String owner = stock.get().owner();
            if (owner.startsWith(STOCK_KVM)) {
                return Optional.of(needs + " of the stock module " + owner + ".ko, which can't be loaded beside it.");
            }
            return owner.equals(VMLINUX) || SHARED.contains(owner)
                    ? Optional.empty()
                    : Optional.of(needs + " of the stock module " + owner
                            + ".ko, of which it is not known whether two hypervisors can share it.");
        }
        return Optional.of(
                other.isPresent()
                        ? needs + ", which is in " + other.get().name() + ": they are not independent."
                        : needs + ", which neither the kernel nor the base has.");
    }

    private boolean isOfBase(String symbol) {
        return base.exported().contains(symbol) && baseExports.find(symbol).isPresent();
    }

    private Optional<Long> expectedVersion(String symbol, boolean mayUseBase) {
        Optional<SymbolVersions.Export> export =
                mayUseBase && isOfBase(symbol) ? baseExports.find(symbol) : kernel.find(symbol);
        return export.map(SymbolVersions.Export::crc);
    }

    private static List<String> sorted(Set<String> symbols) {
        return symbols.stream().sorted().toList();
    }
}
