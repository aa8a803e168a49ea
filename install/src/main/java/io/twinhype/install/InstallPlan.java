package io.twinhype.install;

import io.twinhype.install.Action.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The files that belong to an installation, and what each would mean for the host as it is. */
final class InstallPlan {
    static final List<String> MODULES = List.of("twinhype_base.ko", "twinhype_a.ko", "twinhype_b.ko");
    static final String CERTIFICATE = "var/lib/twinhype/signing-certificate.der";
    static final String UDEV_RULE = "etc/udev/rules.d/60-twinhype.rules";

    private static final String UDEV = """
            # Written by `twinhype hypervisor install`, removed by `twinhype hypervisor uninstall`.
            # Hypervisor B's device, for whoever may use hypervisor A's (/dev/kvm, systemd's 50-udev-default.rules).
            SUBSYSTEM=="misc", KERNEL=="kvm2", GROUP="kvm", MODE="0660", TAG+="uaccess"
            """;

    private InstallPlan() {}

    /** Where a kernel has modules that do not come with it. */
    static String directory(String release) {
        return "lib/modules/" + release + "/updates/twinhype";
    }

    static List<PlannedFile> files(Path root, InstallRequest request) throws IOException, InstallException {
        List<PlannedFile> files = new ArrayList<>();
        for (String name : MODULES) {
            Content content = new Content.Unbuilt();
            if (!request.modules().isEmpty()) {
                content = new Content.CopyOf(request.modules().stream()
                        .filter(module -> module.endsWith(name))
                        .findFirst()
                        .orElseThrow(() -> new InstallException("There is no " + name + " to install.")));
            }
            files.add(new PlannedFile(
                    directory(request.release()) + "/" + name, content, false, request.release(), false));
        }
        request.certificate()
                .ifPresent(der -> files.add(new PlannedFile(CERTIFICATE, new Content.CopyOf(der), false, "", false)));
        files.add(new PlannedFile(UDEV_RULE, new Content.Text(UDEV), false, "", true));
        for (String hook : KernelHooks.INSTALLED) {
            files.add(new PlannedFile(hook, new Content.Text(KernelHooks.installed(request.hook())), true, "", true));
        }
        files.add(new PlannedFile(
                KernelHooks.REMOVED, new Content.Text(KernelHooks.removed(request.hook())), true, "", true));
        // Last, since it sends whoever asks for KVM to the modules above.
        files.add(new PlannedFile(
                ModprobeConfiguration.FILE,
                new Content.Text(ModprobeConfiguration.of(root).text()),
                false,
                "",
                true));
        return List.copyOf(files);
    }

    /**
     * What writing a file would mean.
     *
     * @throws InstallException if there is such a file that is not ours
     */
    static Action.Kind kind(Path root, PlannedFile file, Manifest manifest) throws IOException, InstallException {
        Path target = root.resolve(file.path());
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return Kind.WRITE;
        }
        Optional<Manifest.Entry> ours = manifest.find(file.path());
        if (file.content() instanceof Content.Unbuilt) {
            return Kind.REPLACE;
        }
        if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
            String there = Hashes.of(target);
            if (there.equals(Hashes.of(file.content().bytes()))) {
                return Kind.UNCHANGED;
            }
            if (ours.isPresent()) {
                return file.editable() && !there.equals(ours.get().sha256()) ? Kind.KEEP : Kind.REPLACE;
            }
        }
        throw new InstallException(
                target + " is there already and is not a file that TwinHype installed; move it away and try again.");
    }
}
