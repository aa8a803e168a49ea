package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The part of a kernel's source that a hypervisor is built from, kept unpacked in the cache. */
final class KvmSource {
    /** What to take from the source: KVM itself, and the trace header that kernel headers have without its twin's name. */
    static final List<String> PARTS = List.of("arch/x86/kvm", "virt/kvm", "virt/lib", "include/trace/events/kvm.h");

    private static final String FILES = "twinhype-files.tsv";

    private KvmSource() {}

    /** Where the source of that kernel is; extracted, if it is not there or was changed. */
    static Path of(KernelTree kernel, TwinCache cache, Steps steps) throws TwinException, InterruptedException {
        Path directory = cache.kernel(kernel.series());
        Path place = directory.resolve("kvm-source-" + kernel.version());
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

    /** Copies the source to where it can be changed. */
    static void copy(Path source, Path to) throws IOException {
        Trees.copy(source, to);
        Files.delete(to.resolve(FILES));
    }
}
