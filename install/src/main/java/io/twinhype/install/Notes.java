package io.twinhype.install;

import io.twinhype.install.Action.Kind;
import io.twinhype.linux.KernelModules;
import io.twinhype.linux.LoadedModule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What an operator should know after an installation, according to what is loaded on the machine. */
final class Notes {
    private static final String A = "twinhype_a";

    private Notes() {}

    static List<String> afterInstall(Path root, InstallRequest request, List<Action> actions) {
        List<String> notes = new ArrayList<>();
        for (Action action : actions) {
            if (action.kind() == Kind.KEEP) {
                notes.add("/" + action.path() + " was changed since it was installed and stays as it is; remove it and"
                        + " install again to get TwinHype's own.");
            }
        }
        notes.add(
                "From the next boot of kernel " + request.release()
                        + " on, hypervisor A is loaded where stock KVM was. B is loaded when you ask for it: modprobe twinhype_b");
        if (!isThisMachine(root)) {
            return notes;
        }
        if (find(A).isPresent()) {
            notes.add("Hypervisor A is loaded and stays the build it is until it is loaded again.");
        } else if (find("kvm").isPresent()) {
            String vendor = find("kvm_intel").isPresent() ? "kvm_intel" : "kvm_amd";
            notes.add("Stock KVM is loaded now and stays: the hypervisors cannot be loaded beside it. To have A before"
                    + " the next boot, end the VMs, then: modprobe -r " + vendor + "; modprobe " + vendor);
        } else if (request.release().equals(System.getProperty("os.version"))) {
            notes.add("Nothing was loaded. To load A now: modprobe kvm");
        }
        return notes;
    }

    static List<String> afterRemoval(Path root, List<Action> actions) {
        List<String> notes = new ArrayList<>();
        for (Action action : actions) {
            if (action.kind() == Kind.KEEP) {
                notes.add("/" + action.path()
                        + " was changed since it was installed and stays; remove it by hand if it is not needed.");
            }
        }
        if (!isThisMachine(root)) {
            return notes;
        }
        List<String> loaded = new ArrayList<>();
        for (String name : List.of(A, "twinhype_b", "twinhype_base")) {
            if (find(name).isPresent()) {
                loaded.add(name);
            }
        }
        if (!loaded.isEmpty()) {
            int users = loaded.stream()
                    .filter(name -> !name.equals("twinhype_base"))
                    .flatMap(name -> find(name).stream())
                    .mapToInt(LoadedModule::references)
                    .sum();
            notes.add("Still loaded: " + String.join(", ", loaded) + (users == 0 ? "" : ", with " + users + " users")
                    + ". VMs run on until they end. Then, to have stock KVM before the next boot: rmmod "
                    + String.join(" ", loaded) + "; modprobe kvm_amd (or kvm_intel)");
        }
        return notes;
    }

    private static boolean isThisMachine(Path root) {
        return root.equals(root.getRoot());
    }

    private static Optional<LoadedModule> find(String name) {
        try {
            return new KernelModules().find(name);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
