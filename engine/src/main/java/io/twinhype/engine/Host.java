package io.twinhype.engine;

import io.twinhype.qemu.QemuBinary;
import io.twinhype.qemu.QemuException;
import io.twinhype.qemu.QemuLauncher;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs VMs on this machine and moves them between its hypervisors. Its methods may be called from any thread; each
 * returns when the work is done.
 */
public final class Host implements AutoCloseable {
    private final Launch launch;
    /** By name; empty while a VM is being started. */
    private final Map<String, Optional<Vm>> vms = new ConcurrentHashMap<>();

    private Host(Launch launch) {
        this.launch = launch;
    }

    /** Opens a host that uses the QEMU on the PATH, and removes what killed ones left in the memory directory. */
    public static Host open(HostSettings settings) throws EngineException.Refused {
        try {
            MemoryFiles.sweep(settings.memoryDirectory());
            return open(settings, QemuBinary.find());
        } catch (QemuException.NotStarted missing) {
            throw new EngineException.Refused(String.valueOf(missing.getMessage()));
        } catch (IOException unreadable) {
            throw new EngineException.Refused("cannot use " + settings.memoryDirectory() + " for the memory of VMs: "
                    + unreadable.getMessage() + "; a tmpfs must be mounted there");
        }
    }

    static Host open(HostSettings settings, QemuBinary binary) {
        return new Host(
                new Launch(settings, new QemuLauncher(binary, settings.endWithThisProcess(), settings.timeout())));
    }

    /** Returns the VMs that were started here and not stopped. */
    public List<Vm> vms() {
        return vms.values().stream().flatMap(Optional::stream).toList();
    }

    /** Starts a VM; returns when its QEMU runs, which is before its guest has booted. */
    public Vm start(VmDefinition definition, Hypervisor hypervisor) throws EngineException {
        String name = definition.name();
        if (vms.putIfAbsent(name, Optional.empty()) != null) {
            throw new EngineException.Refused("there is a VM called " + name + " already: choose another name");
        }
        try {
            var vm = new Vm(definition, launch.fresh(definition, hypervisor));
            vms.put(name, Optional.of(vm));
            return vm;
        } catch (QemuException.NotStarted failed) {
            vms.remove(name);
            throw new EngineException.NotStarted(
                    "VM " + name + " was not started on hypervisor " + hypervisor.name() + ": " + failed.getMessage(),
                    failed);
        }
    }

    /**
     * Moves a running VM to a hypervisor. Whatever happens, its vCPUs run in one place and its disks are written by one
     * process.
     *
     * @throws EngineException.Refused if nothing was done
     * @throws EngineException.NotMoved if it failed and the VM goes on where it was
     * @throws EngineException.Ended if the VM's process died
     * @throws EngineException.Undecided if it can't be found out where the VM runs
     */
    public MigrationResult migrate(Vm vm, Hypervisor to, MigrationOptions options) throws EngineException {
        return migrate(vm, to, options, MigrationSteps.NONE);
    }

    /**
     * Rehearses a failure: migrates like {@link #migrate(Vm, Hypervisor, MigrationOptions)}, but when the guest has stopped
     * and everything hangs on the way back, kills the destination's VMM; in a graft, which has none, lets the last step
     * fail.
     *
     * @throws EngineException.NotMoved always, unless something worse came to light
     */
    public MigrationResult rehearseFailure(Vm vm, Hypervisor to, MigrationOptions options) throws EngineException {
        return migrate(vm, to, options, MigrationSteps.DEATH_OF_DESTINATION, VmmGraft.Fault.LATEST);
    }

    /**
     * Says by which methods a VM can be moved to a hypervisor, which is the best, and why. Nothing is changed.
     *
     * @param newVmm whether the VMM is to be replaced, too, and not only the hypervisor
     */
    public MethodChoice choose(Vm vm, Hypervisor to, boolean newVmm) {
        return MethodChoice.of(Methods.of(vm, to, launch.timeout()), newVmm);
    }

    /** Returns the file that has what a VM's guest wrote to its first serial port. */
    public Path consoleLog(Vm vm) {
        return launch.consoleLog(vm.definition());
    }

    MigrationResult migrate(Vm vm, Hypervisor to, MigrationOptions options, MigrationSteps steps)
            throws EngineException {
        return migrate(vm, to, options, steps, VmmGraft.Fault.NONE);
    }

    private MigrationResult migrate(
            Vm vm, Hypervisor to, MigrationOptions options, MigrationSteps steps, VmmGraft.Fault fault)
            throws EngineException {
        try (var _ = vm.begin("its migration to hypervisor " + to.name())) {
            return switch (options.method()) {
                case GRAFT -> new Grafting(launch, vm, to, options, fault).run();
                case HANDOFF, COPY -> new Migration(launch, vm, to, options, steps).run();
            };
        }
    }

    /** Ends a VM without asking its guest, and forgets it. */
    public void stop(Vm vm) throws EngineException.Refused {
        try (var _ = vm.begin("being stopped")) {
            launch.end(vm.instance());
            vms.remove(vm.name());
        }
    }

    /** Ends all VMs without asking their guests, whatever is being done with them. */
    @Override
    public void close() {
        launch.close();
        vms.clear();
    }
}
