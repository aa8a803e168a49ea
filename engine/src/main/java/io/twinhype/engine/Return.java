package io.twinhype.engine;

import io.twinhype.qemu.EventQueue;
import io.twinhype.qemu.MigrationStatus;
import io.twinhype.qemu.QemuException;
import io.twinhype.qemu.QemuMonitor;
import io.twinhype.qemu.QemuProcess;
import io.twinhype.qemu.QmpEvent;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * The way back from a migration that failed: first the destination must be dead and known never to have run the guest,
 * only then may the source go on.
 *
 * <p>The proof that it never ran: QEMU sends RESUME to its monitors before it lets a vCPU run (vm_prepare_start in
 * cpus.c of QEMU 7.2 and 10.0), and what a process wrote to a UNIX socket can be read after its death. So a destination that
 * is dead, whose monitor was read to its end, and that sent no RESUME, never ran.
 */
final class Return implements AutoCloseable {
    private static final Duration NAP = Duration.ofMillis(50);

    private final Vm vm;
    private final Instance source;
    private final Instance destination;
    private final Launch launch;
    private final EventQueue resumed;

    Return(Vm vm, Instance source, Instance destination, Launch launch) {
        this.vm = vm;
        this.source = source;
        this.destination = destination;
        this.launch = launch;
        this.resumed = destination.process().monitor().session().subscribe("RESUME");
    }

    /** Goes back because of what was thrown; returns what to tell the caller. */
    EngineException because(Exception failure) {
        return because(String.valueOf(failure.getMessage()));
    }

    /** Goes back for the given reason; returns what to tell the caller. */
    EngineException because(String reason) {
        QemuProcess process = destination.process();
        // The monitor stays open until it was read to its end, which comes with the death of the process.
        if (!process.kill() || !process.monitor().session().awaitEnd(launch.timeout())) {
            vm.hold();
            return new EngineException.Undecided("VM " + vm.name() + " is held at hypervisor "
                    + source.hypervisor().name() + ": " + reason + ", and the QEMU on hypervisor "
                    + destination.hypervisor().name() + " (pid " + process.pid()
                    + ") can't be killed; look at what it hangs in");
        }
        if (resumedAt().isPresent()) {
            return endedAtDestination(reason);
        }
        launch.kill(destination);
        return goOn(reason);
    }

    /** Returns when the destination reported that it runs, by {@link System#nanoTime}; empty if it did not. */
    OptionalLong resumedAt() {
        return resumed.drain().stream().mapToLong(QmpEvent::atNanos).findFirst();
    }

    private EngineException endedAtDestination(String reason) {
        vm.moved(destination);
        launch.end(source);
        return new EngineException.Ended("VM " + vm.name() + " had moved to hypervisor "
                + destination.hypervisor().name() + " and ended there, so it can't go on where it was: " + reason + "; "
                + destination.process().describeExit());
    }

    private EngineException goOn(String reason) {
        long deadline = System.nanoTime() + launch.timeout().toNanos();
        String obstacle = "";
        while (System.nanoTime() < deadline) {
            if (!source.process().alive()) {
                return new EngineException.Ended("VM " + vm.name() + " ended on hypervisor "
                        + source.hypervisor().name() + " while it was to be moved: "
                        + source.process().describeExit() + "; the migration failed because " + reason);
            }
            try {
                source.process().reconnect();
                if (runsAgain(source.process().monitor())) {
                    return new EngineException.NotMoved("VM " + vm.name() + " was not moved to hypervisor "
                            + destination.hypervisor().name() + " and goes on on "
                            + source.hypervisor().name() + ": " + reason);
                }
            } catch (QemuException notYet) {
                obstacle = String.valueOf(notYet.getMessage());
            }
            source.process().awaitExit(NAP);
        }
        vm.hold();
        return new EngineException.Undecided("VM " + vm.name() + " could not be made to go on on hypervisor "
                + source.hypervisor().name() + " (pid " + source.process().pid() + "): " + obstacle
                + "; the migration failed because " + reason);
    }

    /** Takes the source one step closer to running without a migration; says whether it is there. */
    private static boolean runsAgain(QemuMonitor monitor) throws QemuException {
        MigrationStatus migration = monitor.migration().status();
        boolean over = migration.terminal() || migration == MigrationStatus.NONE;
        if (!over) {
            monitor.migrateCancel();
            return false;
        }
        if (monitor.status().running()) {
            return true;
        }
        monitor.cont();
        return monitor.status().running();
    }

    @Override
    public void close() {
        resumed.close();
    }
}
