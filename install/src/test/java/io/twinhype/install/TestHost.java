package io.twinhype.install;

import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.Progress;
import io.twinhype.twin.Trio;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.Vendor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A host's root with a real kernel's KVM modules, and real builds to install in it. */
record TestHost(Path root, KernelTree kernel, List<ModuleBuild> builds) {
    /** What stock KVM is made of and depends on. */
    private static final List<String> PARTS = List.of(
            "kernel/arch/x86/kvm", "kernel/virt/lib", "kernel/drivers/crypto/ccp", "kernel/drivers/char/hw_random");

    private static final KernelSources SOURCES =
            new KernelSources(Path.of("..", "kernel").toAbsolutePath().normalize());

    /** A new host. Builds base, A and B, unless they are in the cache. */
    static TestHost in(Path root) throws Exception {
        TestHost host = again(root);
        host.addKernel(host.release());
        for (String directory : List.of("etc/modprobe.d", "etc/udev/rules.d", "etc/kernel/postinst.d", "var/lib")) {
            Files.createDirectories(root.resolve(directory));
        }
        return host;
    }

    /** A host that was made before. */
    static TestHost again(Path root) throws Exception {
        TwinCache cache = TwinCache.of(System.getenv());
        KernelTree kernel = new KernelPackages(cache, Progress.SILENT).obtain(KernelSeries.V6_1);
        Trio trio = new HypervisorBuilder(cache, SOURCES, Progress.SILENT).buildTrio(kernel, Vendor.SVM);
        return new TestHost(root, kernel, trio.builds());
    }

    /** Adds the same modules as those of another kernel. */
    void addKernel(String release) throws Exception {
        Path modules = Files.createDirectories(root.resolve("lib/modules").resolve(release));
        for (String part : PARTS) {
            copy(kernel.modulesDirectory().resolve(part), modules.resolve(part));
        }
        for (String list : List.of("modules.order", "modules.builtin", "modules.builtin.modinfo")) {
            Files.copy(kernel.modulesDirectory().resolve(list), modules.resolve(list));
        }
        new Depmod(root).run(release);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                Files.createDirectories(Changes.parent(target));
                Files.copy(file, target);
            }
        }
    }

    String release() {
        return kernel.release();
    }

    List<Path> modules() {
        return builds.stream().map(ModuleBuild::file).toList();
    }

    InstallRequest request() {
        return request(release());
    }

    InstallRequest request(String release) {
        return new InstallRequest(release, modules(), Optional.empty(), hook(Path.of("/nowhere/twinhype")));
    }

    static HookSettings hook(Path launcher) {
        return new HookSettings(launcher, "", Path.of("/var/cache"), List.of("--vendor", "svm"), false);
    }

    /** What modprobe would do for a name, following our install commands as modprobe itself does. */
    String modprobe(String release, String name) throws Exception {
        String dry = "modprobe -d " + root + " -S " + release + " -C " + root.resolve("etc/modprobe.d");
        String shown = run("PATH=$PATH:/usr/sbin:/sbin; " + dry + " --show-depends " + name);
        for (int depth = 0; depth < 3 && shown.contains("install if "); depth++) {
            StringBuilder resolved = new StringBuilder();
            for (String line : shown.lines().toList()) {
                if (line.startsWith("install ")) {
                    // Printed with the options at its end that it gets in place of $CMDLINE_OPTS.
                    int end = line.lastIndexOf("; fi") + "; fi".length();
                    String command = line.substring("install ".length(), end)
                            .replace("$CMDLINE_OPTS", line.substring(end).strip())
                            .replace("exec /sbin/modprobe", dry + " --show-depends")
                            .replace("/sbin/modprobe", dry);
                    resolved.append(run("PATH=$PATH:/usr/sbin:/sbin; " + command));
                } else {
                    resolved.append(line).append('\n');
                }
            }
            shown = resolved.toString();
        }
        return shown;
    }

    static boolean succeeds(String script) {
        try {
            return !run(script + " || echo 'it failed'").contains("it failed");
        } catch (Exception e) {
            return false;
        }
    }

    static String run(String script) throws Exception {
        Process process =
                new ProcessBuilder("sh", "-c", script).redirectErrorStream(true).start();
        try (var output = process.getInputStream()) {
            String said = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            return status == 0 ? said : said + "status " + status + "\n";
        }
    }

    /** All files but depmod's lists, with their hashes; directories with "". */
    Map<String, String> files() throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : paths.toList()) {
                String name = root.relativize(path).toString();
                if (!name.matches("lib/modules/[^/]+/modules\\..*")) {
                    files.put(name, Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS) ? "" : Hashes.of(path));
                }
            }
        }
        return files;
    }
}
