package io.twinhype.install;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What modprobe(8), and all that load modules through libkmod (udev, systemd-modules-load), are told: whoever asks for KVM
 * gets hypervisor A, where the running kernel has it, and stock KVM where it has not.
 *
 * <p>{@code install} commands and not aliases, because modprobe.d(5) is one for all kernels: an alias to a module that a
 * kernel lacks would leave that kernel without any KVM. What is loaded as a dependency is not looked up by aliases, though:
 * so kvm.ko, asked for by its name, is A, and as what kvm-amd.ko depends on, nothing, or A would be loaded before the
 * options of {@code modprobe kvm_amd OPTIONS} are known.
 */
record ModprobeConfiguration(Map<String, List<String>> options) {
    static final String FILE = "etc/modprobe.d/twinhype.conf";

    private static final List<String> STOCK = List.of("kvm", "kvm_amd", "kvm_intel");
    private static final List<String> VENDORS = List.of("kvm_amd", "kvm_intel");
    /** An alias of kvm.ko that depmod makes of a symbol it exports (modules.symbols). */
    private static final String STOCK_KVM = "symbol:kvm_get_kvm";

    private static final List<String> TWINS = List.of("twinhype_a", "twinhype_b");
    /** Where modprobe.d(5) looks. */
    private static final List<String> DIRECTORIES = List.of(
            "etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d");

    ModprobeConfiguration {
        options = Map.copyOf(options);
    }

    /** With the options that this host has for the stock modules, which are the same in a hypervisor. */
    static ModprobeConfiguration of(Path root) throws IOException {
        Map<String, List<String>> options = new LinkedHashMap<>();
        List<String> seen = new ArrayList<>();
        for (String name : DIRECTORIES) {
            Path directory = root.resolve(name);
            if (!Files.isDirectory(directory)) {
                continue;
            }
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.filter(each -> each.toString().endsWith(".conf"))
                        .sorted()
                        .toList()) {
                    // A file hides those of the same name in later directories; ours says nothing of stock modules.
                    String fileName = file.getFileName().toString();
                    if (!seen.contains(fileName) && !fileName.equals("twinhype.conf")) {
                        seen.add(fileName);
                        collect(Files.readString(file), options);
                    }
                }
            }
        }
        return new ModprobeConfiguration(options);
    }

    private static void collect(String text, Map<String, List<String>> options) {
        for (String line : text.replace("\\\n", " ").lines().toList()) {
            String[] words = line.strip().split("\\s+", 3);
            String module = words.length == 3 ? words[1].replace('-', '_') : "";
            if (words[0].equals("options") && STOCK.contains(module)) {
                options.computeIfAbsent(module, any -> new ArrayList<>()).add(words[2].replaceAll("\\s+", " "));
            }
        }
    }

    String text() {
        StringBuilder text = new StringBuilder("""
                # Written by `twinhype hypervisor install`, removed by `twinhype hypervisor uninstall`.
                #
                # Whoever asks for KVM gets hypervisor A, on kernels that have it; on others, stock KVM.
                """);
        for (String vendor : VENDORS) {
            text.append(install(vendor, "exec /sbin/modprobe twinhype_a $CMDLINE_OPTS", vendor));
            text.append(remove(vendor, vendor));
        }
        text.append(
                "# kvm.ko itself, which those depend on: not beside A. By one of its symbols, it is found under an alias.\n");
        text.append(install("kvm", ":", STOCK_KVM));
        text.append("alias kvm twinhype_kvm\n");
        text.append(install("twinhype_kvm", "exec /sbin/modprobe twinhype_a $CMDLINE_OPTS", STOCK_KVM));
        text.append(remove("twinhype_kvm", STOCK_KVM));
        text.append("# Hypervisor B is loaded by its name only.\nblacklist twinhype_b\n");
        if (!options.isEmpty()) {
            text.append("# This host's options for the stock modules, as they were when this was written:\n");
            for (String stock : STOCK) {
                for (String values : options.getOrDefault(stock, List.of())) {
                    for (String twin : TWINS) {
                        text.append("options ")
                                .append(twin)
                                .append(' ')
                                .append(values)
                                .append('\n');
                    }
                }
            }
        }
        return text.toString();
    }

    private static String install(String name, String withA, String stock) {
        return "install " + name + " if /sbin/modprobe --quiet --dry-run twinhype_a; then " + withA
                + "; else exec /sbin/modprobe --ignore-install " + stock + " $CMDLINE_OPTS; fi\n";
    }

    private static String remove(String name, String stock) {
        return "remove " + name + " if [ -d /sys/module/twinhype_a ]; then exec /sbin/modprobe --remove twinhype_a;"
                + " else exec /sbin/modprobe --remove --ignore-remove " + stock + "; fi\n";
    }
}
