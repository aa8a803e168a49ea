package io.twinhype.engine;

import io.twinhype.graft.DeviceNumber;
import io.twinhype.twin.Twin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The hypervisors that are loaded on this machine, by the numbers of their devices. */
final class LocalKvm {
    /** What the distribution's own KVM is called. */
    static final String STOCK = "stock";

    private final Map<DeviceNumber, Hypervisor> byDevice;

    private LocalKvm(Map<DeviceNumber, Hypervisor> byDevice) {
        this.byDevice = byDevice;
    }

    /** Looks. */
    static LocalKvm look() throws EngineException.Refused {
        Map<DeviceNumber, Hypervisor> found = new LinkedHashMap<>();
        try {
            for (Twin twin : Twin.values()) {
                if (isLoaded(twin.moduleName())) {
                    found.put(DeviceNumber.of(twin.device()), Hypervisor.of(twin));
                }
            }
            Path device = Twin.A.device();
            if (isLoaded("kvm") && Files.exists(device)) {
                found.put(DeviceNumber.of(device), Hypervisor.kvm(STOCK, device));
            }
        } catch (IOException absent) {
            throw new EngineException.Refused("A hypervisor is loaded, but its device " + absent.getMessage()
                    + " is not there: is /dev a devtmpfs?");
        }
        return new LocalKvm(found);
    }

    /** Also says so of what is built into the kernel. */
    private static boolean isLoaded(String module) {
        return Files.exists(Path.of("/sys/module", module));
    }

    Optional<Hypervisor> behind(DeviceNumber number) {
        return Optional.ofNullable(byDevice.get(number));
    }

    /** Returns a twin that is loaded. */
    Hypervisor require(Twin twin) throws EngineException.Refused {
        return byDevice.values().stream()
                .filter(hypervisor -> hypervisor.name().equals(twin.name()))
                .findFirst()
                .orElseThrow(() -> new EngineException.Refused(
                        "Hypervisor " + twin + " is not loaded: load it, `twinhype hypervisor show` tells what is"));
    }

    /** Returns a loaded twin other than this one, the first to move to. */
    Optional<Hypervisor> otherThan(Optional<Hypervisor> current) {
        return byDevice.values().stream()
                .filter(hypervisor -> !hypervisor.name().equals(STOCK))
                .filter(hypervisor -> !Optional.of(hypervisor).equals(current))
                .findFirst();
    }
}
