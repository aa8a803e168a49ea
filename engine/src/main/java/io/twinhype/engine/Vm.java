package io.twinhype.engine;

import io.twinhype.qemu.QemuException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A running VM. Its methods may be called from any thread. */
public final class Vm {
    private final VmDefinition definition;
    private final AtomicReference<@Nullable String> operation = new AtomicReference<>();
    private volatile Instance instance;
    private volatile boolean held;

    Vm(VmDefinition definition, Instance instance) {
        this.definition = definition;
        this.instance = instance;
    }

    /** Returns the VM's name. */
    public String name() {
        return definition.name();
    }

    /** Returns what it was started from. */
    public VmDefinition definition() {
        return definition;
    }

    /** Returns where it runs. */
    public Hypervisor hypervisor() {
        return instance.hypervisor();
    }

    /** Returns the process id of its VMM. */
    public long pid() {
        return instance.process().pid();
    }

    /** Says whether its VMM still exists. */
    public boolean alive() {
        return instance.process().alive();
    }

    /** Says how its VMM ended, with its last words, once it has. */
    public Optional<String> end() {
        return alive() ? Optional.empty() : Optional.of(instance.process().describeExit());
    }

    /** Says which QEMU its VMM is, by version and package; empty if it does not answer. */
    public Optional<String> qemuVersion() {
        try {
            return Optional.of(instance.process().monitor().version());
        } catch (QemuException silent) {
            return Optional.empty();
        }
    }

    Instance instance() {
        return instance;
    }

    void moved(Instance to) {
        instance = to;
    }

    /** Keeps every further operation away from a VM nobody knows the place of. */
    void hold() {
        held = true;
    }

    /** Makes sure that one operation at a time touches the VM. */
    Operation begin(String what) throws EngineException.Refused {
        if (held) {
            throw new EngineException.Refused("VM " + name()
                    + " is held since a migration whose outcome is unknown; look at its processes, end the one that does"
                    + " not run the guest, then the other");
        }
        String current = operation.compareAndExchange(null, what);
        if (current != null) {
            throw new EngineException.Refused(
                    "VM " + name() + " is busy with " + current + ": " + what + " has to wait until that is done");
        }
        return () -> operation.set(null);
    }

    /** An operation that is under way. */
    interface Operation extends AutoCloseable {
        @Override
        void close();
    }
}
