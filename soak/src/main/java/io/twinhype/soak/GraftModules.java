package io.twinhype.soak;

import io.twinhype.linux.KernelModules;
import io.twinhype.linux.LinuxException;
import io.twinhype.linux.LoadedModule;
import io.twinhype.twin.Twin;
import java.io.IOException;
import java.time.Duration;

/** The two hypervisors as the lab's kernel has them. */
final class GraftModules {
    /** A module's last references go a moment after the descriptors that held them. */
    private static final Duration SOON = Duration.ofSeconds(10);

    private final GraftPlan plan;
    private final KernelModules modules = new KernelModules();

    GraftModules(GraftPlan plan) {
        this.plan = plan;
    }

    /** How often a hypervisor is in use; VMs and their vCPUs count. */
    int references(Twin twin) throws IOException, SoakException {
        String name = twin.moduleName();
        return modules.find(name)
                .map(LoadedModule::references)
                .orElseThrow(() -> new SoakException("The module " + name + " is not loaded in the lab."));
    }

    /** Waits until nothing uses a hypervisor; returns how often it is in use then. */
    int awaitUnused(Twin twin) throws IOException, SoakException, InterruptedException {
        long deadline = System.nanoTime() + SOON.toNanos();
        int references = references(twin);
        while (references > 0 && System.nanoTime() < deadline) {
            Thread.sleep(10);
            references = references(twin);
        }
        return references;
    }

    /** Unloads a hypervisor and loads it again. */
    void reload(Twin twin) throws LinuxException {
        modules.unload(twin.moduleName());
        modules.load(twin == Twin.A ? plan.a() : plan.b(), "");
    }
}
