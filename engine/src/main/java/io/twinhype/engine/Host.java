package io.twinhype.engine;

import io.twinhype.qemu.QemuBinary;
import io.twinhype.qemu.QemuException;
import io.twinhype.qemu.QemuLauncher;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Runs VMs on this machine and moves them between its hypervisors. Its methods may be called from any thread; each
 * returns when the work is done.
 */
public final class Host implements AutoCloseable {
    private static final Duration PATIENCE_WITH_QUIT = Duration.ofSeconds(10);

    private final Launch launch;
    private final List<Vm> vms = new CopyOnWriteArrayList<>();

    private Host(Launch launch) {
        this.launch = launch;
    }

    /** Opens a host that uses the QEMU on the PATH. */
    public static Host open(HostSettings settings) throws EngineException.Refused {
        try {
            return open(settings, QemuBinary.find());
        } catch (QemuException.NotStarted missing) {
            throw new EngineException.Refused(String.valueOf(missing.getMessage()));
        }
    }

    static Host open(HostSettings settings, QemuBinary binary) {
        return new Host(
                new Launch(settings, new QemuLauncher(binary, settings.endWithThisProcess(), settings.timeout())));
    }

    /** Returns the VMs that were started here and not stopped. */
    public List<Vm> vms() {
        return List.copyOf(vms);
    }

    /** Starts a VM; returns when its vCPUs run. */
    public Vm start(VmDefinition definition, Hypervisor hypervisor) throws EngineException {
        if (vms.stream().anyMatch(vm -> vm.name().equals(definition.name()))) {
            throw new EngineException.Refused(
                    "there is a VM called " + definition.name() + " already: choose another name");
        }
        try {
            var vm = new Vm(definition, launch.fresh(definition, hypervisor));
            vms.add(vm);
            return vm;
        } catch (QemuException.NotStarted failed) {
            throw new EngineException.NotStarted(
                    "VM " + definition.name() + " was not started on hypervisor " + hypervisor.name() + ": "
                            + failed.getMessage(),
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
     * Rehearses a failure: migrates like {@link #migrate(Vm, Hypervisor, MigrationOptions)}, but kills the destination's
     * VMM when the source has stopped and everything hangs on the way back.
     *
     * @throws EngineException.NotMoved always, unless something worse came to light
     */
    public MigrationResult rehearseDeathOfDestination(Vm vm, Hypervisor to, MigrationOptions options)
            throws EngineException {
        return migrate(vm, to, options, MigrationSteps.DEATH_OF_DESTINATION);
    }

    /** Returns the file that has what a VM's guest wrote to its first serial port. */
    public Path consoleLog(Vm vm) {
        return launch.consoleLog(vm.definition());
    }

    MigrationResult migrate(Vm vm, Hypervisor to, MigrationOptions options, MigrationSteps steps)
            throws EngineException {
        try (var _ = vm.begin("its migration to hypervisor " + to.name())) {
            return new Migration(launch, vm, to, options, steps).run();
        }
    }

    /** Ends a VM without asking its guest, and forgets it. */
    public void stop(Vm vm) throws EngineException.Refused {
        try (var _ = vm.begin("being stopped")) {
            end(vm.instance(), Optional.empty());
            vms.remove(vm);
        }
    }

    /** Ends a VMM process and removes its RAM, unless another one keeps it. */
    static void end(Instance instance, Optional<Instance> successor) {
        try {
            instance.process().monitor().quit();
        } catch (QemuException silent) {
            // Killed below.
        }
        instance.process().awaitExit(PATIENCE_WITH_QUIT);
        instance.process().close();
        Launch.discardMemory(instance, successor);
    }

    /** Ends all VMs without asking their guests. */
    @Override
    public void close() {
        for (Vm vm : vms) {
            vm.instance().process().close();
            Launch.discardMemory(vm.instance(), Optional.empty());
        }
        vms.clear();
    }
}
