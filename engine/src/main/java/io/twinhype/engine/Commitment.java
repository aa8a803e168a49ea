package io.twinhype.engine;

import io.twinhype.qemu.EventQueue;
import io.twinhype.qemu.QemuException;
import io.twinhype.qemu.QemuMonitor;
import io.twinhype.qemu.QemuProcess;
import io.twinhype.qemu.QmpSession;
import java.time.Duration;

/** The commit point of a migration: lets the destination run, and finds out whether it does if it does not say. */
final class Commitment {
    private static final Duration GRACE = Duration.ofSeconds(2);

    private final Vm vm;
    private final Instance destination;
    private final Return back;

    /** To be made before the source stops: loading this class must not add to the pause. */
    Commitment(Vm vm, Instance destination, Return back) {
        this.vm = vm;
        this.destination = destination;
        this.back = back;
    }

    /** Returns once the destination runs; throws, and has taken care of the VM, if it does not. */
    void make() throws EngineException {
        try {
            destination.process().monitor().cont();
        } catch (QemuException.Rejected refused) {
            throw back.because(refused);
        } catch (QemuException.OutcomeUnknown lost) {
            settle(String.valueOf(lost.getMessage()));
        }
    }

    private void settle(String reason) throws EngineException {
        QemuProcess process = destination.process();
        boolean witnessed = process.monitor().session().state() != QmpSession.State.CLOSED;
        if (process.awaitExit(GRACE)) {
            // Its monitor ended with it, so everything it ever said was heard.
            throw back.because(reason);
        }
        try (QemuMonitor spare = process.openSpareMonitor();
                EventQueue resumed = spare.session().subscribe("RESUME")) {
            if (spare.status().running()) {
                process.reconnect();
                return;
            }
            // It does not run now; should it start to before it is dead, the spare monitor tells.
            if (process.kill()
                    && spare.session().awaitEnd(GRACE)
                    && resumed.drain().isEmpty()) {
                throw back.because(reason);
            }
        } catch (QemuException mute) {
            if (witnessed) {
                // Alive and silent, but its first monitor was never lost: killed, that one tells.
                throw back.because(reason + "; " + mute.getMessage());
            }
        }
        vm.hold();
        throw new EngineException.Undecided("VM " + vm.name() + " may run on hypervisor "
                + destination.hypervisor().name() + " (pid " + process.pid() + "), and its old QEMU (pid " + vm.pid()
                + ") was left stopped: " + reason + "; if the new one does not run the guest, end it");
    }
}
