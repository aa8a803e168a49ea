package io.twinhype.engine;

import io.twinhype.graft.DeviceNumber;
import io.twinhype.graft.Graft;
import io.twinhype.graft.GraftException;
import io.twinhype.graft.GraftState;
import io.twinhype.graft.VmmProcess;
import io.twinhype.qemu.QemuLauncher;
import io.twinhype.twin.Twin;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** A VMM process of this machine, whoever started it. What is not known of it here can't be done with it: see {@link Methods}. */
public final class Vmm {
    private final VmmProcess process;
    private final LocalKvm local;
    private final boolean library;
    private final Optional<GraftState> state;
    private final Optional<DeviceNumber> device;

    private Vmm(VmmProcess process, LocalKvm local) throws IOException {
        this.process = process;
        this.local = local;
        this.library = process.hasLibrary();
        this.state = library ? ask(process.pid()) : Optional.empty();
        Optional<DeviceNumber> told = state.flatMap(GraftState::device);
        this.device = told.isPresent()
                ? told
                : process.devices().stream()
                        .filter(number -> local.behind(number).isPresent())
                        .findFirst();
    }

    /**
     * Looks at a process.
     *
     * @throws EngineException.Refused if there is none, it is not the VMM of a KVM guest, or this user may not look
     */
    public static Vmm of(long pid) throws EngineException.Refused {
        return of(new VmmProcess(pid), LocalKvm.look());
    }

    static Vmm of(VmmProcess process, LocalKvm local) throws EngineException.Refused {
        long pid = process.pid();
        if (!process.alive()) {
            throw new EngineException.Refused("There is no process " + pid + ": name the process id of a running VMM");
        }
        try {
            if (!process.hasVm()) {
                throw new EngineException.Refused("Process " + pid + " (" + process.command()
                        + ") has no VM of KVM open: name the process id of a VMM, such as QEMU's");
            }
            return new Vmm(process, local);
        } catch (AccessDeniedException denied) {
            throw new EngineException.Refused(
                    "Process " + pid + " (" + process.command() + ") may not be looked at by this user: be root");
        } catch (IOException gone) {
            throw new EngineException.Refused("Process " + pid + " ended while it was looked at");
        }
    }

    /** Looks at all VMMs that this user may look at, in the order of their process ids. */
    public static List<Vmm> all() throws EngineException.Refused {
        LocalKvm local = LocalKvm.look();
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .sorted()
                .flatMap(pid -> find(pid, local).stream())
                .toList();
    }

    private static Optional<Vmm> find(long pid, LocalKvm local) {
        try {
            return Optional.of(of(new VmmProcess(pid), local));
        } catch (EngineException.Refused noVmm) {
            return Optional.empty();
        }
    }

    private static Optional<GraftState> ask(long pid) {
        try {
            return Optional.of(Graft.of(pid).show());
        } catch (GraftException silent) {
            // The check of the method graft says why.
            return Optional.empty();
        }
    }

    /** Returns what is known of it, and what can be done. */
    public VmmStatus status() {
        Optional<Hypervisor> on = hypervisor();
        Optional<Hypervisor> target = local.otherThan(on);
        return new VmmStatus(
                process.pid(),
                process.command(),
                name(),
                on.map(Hypervisor::name),
                device.map(DeviceNumber::toString),
                library,
                state.map(known -> OptionalInt.of(known.vcpus())).orElse(OptionalInt.empty()),
                state.map(known -> OptionalInt.of(known.grafts())).orElse(OptionalInt.empty()),
                target.map(Hypervisor::name),
                target.map(to -> Methods.of(graft(to))).orElse(List.of()));
    }

    /** Says by which methods it can be moved to a hypervisor, which is the best, and why. */
    public MethodChoice choose(Twin to) throws EngineException.Refused {
        return MethodChoice.of(Methods.of(graft(local.require(to))), false);
    }

    /**
     * Changes the hypervisor under it.
     *
     * @throws EngineException as {@link Host#migrate}
     */
    public MigrationResult graft(Twin to) throws EngineException {
        Hypervisor target = local.require(to);
        NetworkTraffic network = NetworkTraffic.start();
        VmmGraft.Done done = graft(target).run(MigrationOptions.GRAFT.timeout(), VmmGraft.Fault.NONE);
        return Grafting.result(name().orElse(who()), from(), target, done, network.since());
    }

    private VmmGraft graft(Hypervisor to) {
        return new VmmGraft(who(), process.pid(), from(), to, QemuLauncher.DEFAULT_TIMEOUT);
    }

    private String who() {
        return "Process " + process.pid() + " (" + name().orElse(process.command()) + ")";
    }

    private String from() {
        return hypervisor().map(Hypervisor::name).orElse("an unknown one");
    }

    private Optional<Hypervisor> hypervisor() {
        return device.flatMap(local::behind);
    }

    /** What follows {@code -name}: {@code guest=NAME,…} or {@code NAME,…} (qemu(1)). */
    private Optional<String> name() {
        try {
            List<String> arguments = process.arguments();
            int at = arguments.indexOf("-name");
            return at < 0 || at + 1 == arguments.size()
                    ? Optional.empty()
                    : Optional.of(
                            arguments.get(at + 1).replaceFirst("^guest=", "").replaceFirst(",.*", ""));
        } catch (IOException gone) {
            return Optional.empty();
        }
    }
}
