package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** The part of a kernel's source that a hypervisor is built from, kept unpacked in the cache. */
final class KvmSource {
    /**
     * What to take from the source: KVM itself and the headers that are its own. Those stand for the ones of the kernel's
     * headers package, so that a KVM from elsewhere, and a patch, bring theirs.
     */
    static final List<String> PARTS = List.of(
            "arch/x86/kvm",
            "virt/kvm",
            "virt/lib",
            "include/trace/events/kvm.h",
            "include/linux/kvm_dirty_ring.h",
            "include/linux/kvm_host.h",
            "include/linux/kvm_irqfd.h",
            "include/linux/kvm_types.h",
            "arch/x86/include/asm/kvm-x86-ops.h",
            "arch/x86/include/asm/kvm-x86-pmu-ops.h",
            "arch/x86/include/asm/kvm_host.h",
            "arch/x86/include/asm/kvm_page_track.h",
            "arch/x86/include/asm/kvm_types.h",
            "arch/x86/include/asm/svm.h",
            "arch/x86/include/asm/vmx.h");

    /** What a compilation in a source tree has left there. */
    private static final Pattern BUILT =
            Pattern.compile("\\..*|.*\\.(o|ko|a|s|mod|mod\\.c|order|symvers|cmd|rej|orig)|kvm-asm-offsets\\.h");

    private static final String FILES = "twinhype-files.tsv";

    private KvmSource() {}

    /** Where the source of that kernel is; extracted, if it is not there or was changed. */
    static Path of(KernelTree kernel, TwinCache cache, Steps steps) throws TwinException, InterruptedException {
        Path directory = cache.kernel(kernel.series());
        // Named by the parts, too: a version of TwinHype that takes others does not take these for all.
        Path place = directory.resolve("kvm-source-" + kernel.version() + "-"
                + Sha256.of(String.join("\n", PARTS)).substring(0, 8));
        return steps.quietly("Unpacking KVM's source", () -> {
            if (sound(place)) {
                return place;
            }
            try (Workspace workspace = Workspace.in(directory, steps.progress())) {
                if (!sound(place)) {
                    steps.act("Unpacking KVM's source " + kernel.version(), () -> extract(kernel, workspace, place));
                }
            }
            return place;
        });
    }

    private static boolean sound(Path place) throws IOException, InterruptedException {
        Path files = place.resolve(FILES);
        return Files.exists(files)
                && FileRecord.difference(FileRecord.read(files), place, true, Set.of(FILES))
                        .isEmpty();
    }

    private static void extract(KernelTree kernel, Workspace workspace, Path place)
            throws IOException, TwinException, InterruptedException {
        Path fresh = Files.createDirectory(workspace.scratch().resolve("kvm"));
        List<String> command = new ArrayList<>(List.of(
                "tar",
                "--extract",
                "--xz",
                "--file=" + kernel.sourceTarball(),
                "--directory=" + fresh,
                "--strip-components=1",
                "--no-same-owner"));
        String top = "linux-source-" + kernel.series() + "/";
        PARTS.forEach(part -> command.add(top + part));
        Tool.Result result = new Tool(command, fresh, java.util.Map.of()).run();
        if (!result.succeeded()) {
            throw DiskFullException.saidIn(result.errors())
                    ? new DiskFullException(fresh)
                    : new BuildException("tar could not unpack KVM from " + kernel.sourceTarball() + ": "
                            + result.errors().lines().findFirst().orElse("it did not say why"));
        }
        FileRecord.write(FileRecord.of(fresh), fresh.resolve(FILES));
        Trees.replace(fresh, place);
    }

    /** Copies KVM from another source tree, without what a compilation left there. */
    static void copy(SourceTree source, Path to) throws IOException {
        for (Path file : files(source)) {
            Path copy = to.resolve(source.directory().relativize(file));
            Path parent = copy.getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Files.copy(file, copy);
        }
    }

    /** A hash over the files of KVM in a source tree. */
    static String hash(SourceTree source) throws IOException {
        Sha256 hash = new Sha256();
        for (Path file : files(source)) {
            hash.add(source.directory().relativize(file).toString(), Sha256.of(file));
        }
        return hash.hex();
    }

    private static List<Path> files(SourceTree source) throws IOException {
        List<Path> files = new ArrayList<>();
        for (String part : PARTS) {
            for (Path file : Trees.files(source.directory().resolve(part))) {
                if (!BUILT.matcher(String.valueOf(file.getFileName())).matches()) {
                    files.add(file);
                }
            }
        }
        return files;
    }

    /** Copies the source to where it can be changed. */
    static void copy(Path source, Path to) throws IOException {
        Trees.copy(source, to);
        Files.delete(to.resolve(FILES));
    }
}
