package io.twinhype.twin;

import io.twinhype.kmod.KernelModule;
import io.twinhype.linux.KernelModules;
import io.twinhype.linux.LoadedModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A module of virtualization that is loaded now.
 *
 * @param role A, B, base, or stock for the distribution's own KVM
 * @param module the module's name
 * @param identity the identity of its build, as the loaded module says it; "" for stock modules
 * @param abi the version of the ABI between base and twins; "" if it is not known
 * @param vendor svm, vmx, or both; "" if it is not known
 * @param references how many users it has, modules and open files; it can be unloaded at 0
 * @param device the device node through which VMMs use it; "" if it has none
 * @param build what is known of its build: the kernel version and the patches; "" if it is not in this machine's cache
 */
public record HypervisorStatus(
        String role,
        String module,
        String identity,
        String abi,
        String vendor,
        int references,
        String device,
        String build) {
    private static final String BASE = "twinhype_base";

    /** The kernel's own modules, and the vendor each is for. */
    private static final Map<String, String> STOCK =
            Map.of("kvm", "both", "kvm_amd", Vendor.SVM.word(), "kvm_intel", Vendor.VMX.word());

    /** What is loaded on this machine: the base, the twins, stock KVM. Nothing is changed; no privileges are needed. */
    public static List<HypervisorStatus> ofThisMachine(TwinCache cache) throws TwinException, InterruptedException {
        return new Steps(Progress.SILENT, Path.of("/proc/modules"))
                .quietly(
                        "Reading which modules are loaded",
                        () -> of(new KernelModules().loaded(), Path.of("/"), cache));
    }

    static List<HypervisorStatus> of(List<LoadedModule> loaded, Path root, TwinCache cache) {
        Map<String, LoadedModule> modules = new HashMap<>();
        loaded.forEach(module -> modules.put(module.name(), module));
        Map<String, String> told = toldByBase(root.resolve("sys/kernel/debug/twinhype/twins"));
        List<HypervisorStatus> found = new ArrayList<>();
        Optional.ofNullable(modules.get(BASE)).ifPresent(base -> found.add(ours("base", base, "", root, told, cache)));
        for (Twin twin : Twin.values()) {
            Optional.ofNullable(modules.get(twin.moduleName()))
                    .ifPresent(module ->
                            found.add(ours(twin.name(), module, device(root, twin.device()), root, told, cache)));
        }
        for (String name : STOCK.keySet().stream().sorted().toList()) {
            LoadedModule module = modules.get(name);
            if (module != null) {
                found.add(new HypervisorStatus(
                        "stock",
                        name,
                        "",
                        "",
                        STOCK.getOrDefault(name, ""),
                        module.references(),
                        name.equals("kvm") ? device(root, Twin.A.device()) : "",
                        ""));
            }
        }
        return List.copyOf(found);
    }

    /** All of them for programs: an array of objects with these names. */
    public static String json(List<HypervisorStatus> all) {
        return Json.text(all);
    }

    private static HypervisorStatus ours(
            String role, LoadedModule module, String device, Path root, Map<String, String> told, TwinCache cache) {
        String identity = line(root.resolve("sys/module").resolve(module.name()).resolve("version"));
        Optional<BuildRecord> record = cache.record(identity);
        // Of a module that the base does not tell of, the file it was loaded from does, if it is still there.
        Map<String, String> information = record.map(
                        known -> information(cache.builds().resolve(identity).resolve(known.name() + ".ko")))
                .orElse(Map.of());
        String vendor = role.equals("base") ? "both" : told.getOrDefault("vendor", "");
        return new HypervisorStatus(
                role,
                module.name(),
                identity,
                told.getOrDefault("abi", information.getOrDefault("twinhype_abi", "")),
                vendor.isEmpty() ? record.map(BuildRecord::vendor).orElse("") : vendor,
                module.references(),
                device,
                record.map(HypervisorStatus::told).orElse(""));
    }

    private static String told(BuildRecord record) {
        String origin = record.source().isEmpty() ? "for " + record.kernelRelease() : "from " + record.source();
        return record.patches().isEmpty() ? origin : origin + "; " + String.join("; ", record.patches());
    }

    private static Map<String, String> information(Path file) {
        try {
            return KernelModule.read(file).information();
        } catch (io.twinhype.kmod.KernelModuleException _) {
            return Map.of();
        }
    }

    /** The base's debugfs file, lines "key value"; nothing of it without debugfs or privileges. */
    private static Map<String, String> toldByBase(Path file) {
        Map<String, String> entries = new HashMap<>();
        try {
            for (String line : Files.readAllLines(file)) {
                int space = line.indexOf(' ');
                if (space > 0) {
                    entries.put(
                            line.substring(0, space), line.substring(space + 1).strip());
                }
            }
        } catch (IOException _) {
            return Map.of();
        }
        return entries;
    }

    private static String device(Path root, Path device) {
        return Files.exists(root.resolve(device.toString().substring(1))) ? device.toString() : "";
    }

    private static String line(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException _) {
            return "";
        }
    }
}
