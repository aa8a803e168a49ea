package io.twinhype.engine;

import io.twinhype.engine.VmmGraft.Done;
import io.twinhype.graft.GraftResult;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * One migration of one VM within its process: the sibling of {@link Migration}. There is nobody to hand over to and no
 * commit point of ours: the library in the VMM does all of it or nothing.
 */
final class Grafting {
    private static final Duration GRACE = Duration.ofSeconds(2);

    private final Launch launch;
    private final Vm vm;
    private final Hypervisor to;
    private final MigrationOptions options;
    private final VmmGraft.Fault fault;

    Grafting(Launch launch, Vm vm, Hypervisor to, MigrationOptions options, VmmGraft.Fault fault) {
        this.launch = launch;
        this.vm = vm;
        this.to = to;
        this.options = options;
        this.fault = fault;
    }

    MigrationResult run() throws EngineException {
        Instance source = vm.instance();
        if (!source.process().alive()) {
            throw new EngineException.Refused("VM " + vm.name() + " does not run on hypervisor "
                    + source.hypervisor().name() + " any more: "
                    + source.process().describeExit());
        }
        if (source.hypervisor().emulates()) {
            throw new EngineException.Refused("VM " + vm.name() + " can't be grafted: hypervisor "
                    + source.hypervisor().name() + " is emulation, which has no KVM device; use the method handoff");
        }
        NetworkTraffic network = NetworkTraffic.start();
        try {
            var graft = new VmmGraft(
                    "VM " + vm.name(), vm.pid(), source.hypervisor().name(), to, launch.timeout());
            Done done = graft.run(options.timeout(), fault);
            vm.moved(launch.grafted(source, to));
            return result(vm.name(), source.hypervisor().name(), to, done, network.since());
        } catch (EngineException.Undecided unknown) {
            vm.hold();
            throw unknown;
        } catch (EngineException.Ended ended) {
            source.process().awaitExit(GRACE);
            throw new EngineException.Ended(
                    ended.getMessage() + "; " + source.process().describeExit());
        }
    }

    /** The result as of any migration; of its parts nothing is known if the library's answer got lost. */
    static MigrationResult result(String vm, String from, Hypervisor to, Done done, long networkBytes) {
        double window = (done.endNanos() - done.startNanos()) / 1e6;
        return new MigrationResult(
                vm,
                from,
                to.name(),
                MigrationMethod.GRAFT,
                Transport.NONE,
                done.startNanos(),
                done.endNanos(),
                done.parts().map(parts -> parts.prepare().toNanos() / 1e6).orElse(0.0),
                window,
                done.parts()
                        .map(GraftResult::pause)
                        .map(pause -> pause.toNanos() / 1e6)
                        .orElse(window),
                OptionalLong.empty(),
                OptionalLong.of(0),
                networkBytes,
                done.parts());
    }
}
