package io.twinhype.engine;

import io.twinhype.qemu.EventQueue;
import io.twinhype.qemu.MigrationCapability;
import io.twinhype.qemu.MigrationInfo;
import io.twinhype.qemu.MigrationParameters;
import io.twinhype.qemu.MigrationStatus;
import io.twinhype.qemu.QemuException;
import io.twinhype.qemu.QemuMonitor;
import io.twinhype.qemu.QmpEvent;
import io.twinhype.qemu.RunState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * One migration of one VM between two VMM processes of this machine: handoff or copy. {@link Grafting} is its sibling for one
 * process.
 *
 * <p>The order keeps the invariant that the vCPUs run in one place and the disks are written by one process:
 *
 * <ol>
 *   <li>The destination is started and listens. It can't run by itself (-S) and leaves the disks alone
 *       (late-block-activate).
 *   <li>The source is told to migrate. It stops its vCPUs, gives up the disks and completes once the destination has
 *       confirmed that it loaded everything (return-path).
 *   <li>{@code cont} on the destination is the commit point. Before it, whatever fails leads back to the source; after
 *       it, the source is ended.
 * </ol>
 *
 * <p>If it is not known whether {@code cont} took effect, {@link Commitment} finds out. The way back is
 * {@link Return}.
 */
final class Migration {
    private static final Duration LOOK_AROUND = Duration.ofMillis(500);
    private static final Duration GRACE = Duration.ofSeconds(2);

    private final Launch launch;
    private final Vm vm;
    private final Instance source;
    private final Hypervisor to;
    private final MigrationOptions options;
    private final MigrationSteps steps;

    Migration(Launch launch, Vm vm, Hypervisor to, MigrationOptions options, MigrationSteps steps) {
        this.launch = launch;
        this.vm = vm;
        this.source = vm.instance();
        this.to = to;
        this.options = options;
        this.steps = steps;
    }

    MigrationResult run() throws EngineException {
        check();
        var clock = new MigrationClock();
        NetworkTraffic network = NetworkTraffic.start();
        Instance destination = start();
        try (var back = new Return(vm, source, destination, launch)) {
            var commitment = new Commitment(vm, destination, back);
            Precedence.give(destination.process().pid());
            handOver(destination, clock, back);
            commitment.make();
            clock.committed(back.resumedAt());
        } catch (EngineException failed) {
            Precedence.takeBack(source.process().pid());
            throw failed;
        }
        vm.moved(destination);
        try {
            return finish(clock, network);
        } finally {
            Precedence.takeBack(destination.process().pid());
        }
    }

    private void handOver(Instance destination, MigrationClock clock, Return back) throws EngineException {
        try (EventQueue events = monitor().session().subscribe("MIGRATION", "STOP")) {
            String address = listen(destination);
            steps.prepared(destination.process());
            Precedence.give(source.process().pid());
            clock.prepared();
            if (options.method() == MigrationMethod.COPY && source.hypervisor().emulates()) {
                // QEMU's emulation misses some writes of running vCPUs to pages that are being sent: guests that write
                // a lot crash after a live copy (seen with QEMU 7.2, 3 of 3 within 4 copies; stopped, 0 of 20).
                monitor().stop();
            }
            monitor().migrate(address);
            steps.started(destination.process());
            awaitHandover(events, destination, clock);
            clock.handedOver();
            steps.beforeCommit(destination.process());
        } catch (QemuException | Failed failed) {
            throw back.because(failed);
        } catch (RuntimeException defect) {
            // Ours, not the VM's: it shall not stay stopped because of it.
            EngineException outcome = back.because(defect.toString());
            outcome.addSuppressed(defect);
            throw outcome;
        }
    }

    private QemuMonitor monitor() {
        return source.process().monitor();
    }

    private void check() throws EngineException.Refused {
        if (options.method() == MigrationMethod.HANDOFF
                && (source.memory().isEmpty() || options.transport() != Transport.UNIX)) {
            throw new EngineException.Refused("VM " + vm.name() + " can't be handed off: "
                    + (source.memory().isEmpty()
                            ? "its memory is private; use the method copy"
                            : "device state goes through a UNIX socket only"));
        }
        if (!source.process().alive()) {
            throw new EngineException.Refused("VM " + vm.name() + " does not run on hypervisor "
                    + source.hypervisor().name() + " any more: "
                    + source.process().describeExit());
        }
        try {
            RunState state = monitor().status();
            if (!state.running()) {
                throw new EngineException.Refused(
                        "VM " + vm.name() + " is " + state.name() + ": only a running VM can be migrated");
            }
        } catch (QemuException silent) {
            throw new EngineException.Refused(
                    "VM " + vm.name() + " was left alone because its state is unknown: " + silent.getMessage());
        }
    }

    private Instance start() throws EngineException.NotMoved {
        try {
            Optional<Path> shared = options.method() == MigrationMethod.HANDOFF ? source.memory() : Optional.empty();
            return launch.waiting(vm.definition(), to, shared);
        } catch (QemuException.NotStarted failed) {
            throw new EngineException.NotMoved("VM " + vm.name() + " was not moved to hypervisor " + to.name()
                    + " and goes on on " + source.hypervisor().name() + ", untouched: " + failed.getMessage());
        }
    }

    /** Gets both sides ready; returns the address the destination listens at. */
    private String listen(Instance destination) throws QemuException {
        QemuMonitor waiting = destination.process().monitor();
        Set<MigrationCapability> capabilities = EnumSet.of(
                MigrationCapability.EVENTS, MigrationCapability.RETURN_PATH, MigrationCapability.LATE_BLOCK_ACTIVATE);
        if (options.method() == MigrationMethod.HANDOFF) {
            capabilities.add(MigrationCapability.IGNORE_SHARED);
        }
        waiting.capabilities(capabilities);
        if (steps.holdsBeforeSwitchover()) {
            capabilities.add(MigrationCapability.PAUSE_BEFORE_SWITCHOVER);
        }
        monitor().capabilities(capabilities);
        monitor()
                .parameters(new MigrationParameters(
                        options.bytesPerSecond(), MigrationParameters.UNLIMITED.downtimeLimitMillis()));
        return switch (options.transport()) {
            case NONE -> throw new IllegalStateException("two processes need something between them");
            case UNIX -> {
                String address = "unix:" + destination.directory().resolve("incoming.sock");
                waiting.migrateIncoming(address);
                yield address;
            }
            case TCP -> {
                waiting.migrateIncoming("tcp:127.0.0.1:0");
                yield "tcp:127.0.0.1:" + waiting.incomingPort();
            }
        };
    }

    private void awaitHandover(EventQueue events, Instance destination, MigrationClock clock)
            throws QemuException, Failed {
        long deadline = System.nanoTime() + options.timeout().toNanos();
        while (true) {
            Optional<QmpEvent> event = events.next(LOOK_AROUND);
            if (event.isPresent()) {
                if (handedOver(event.get(), destination, clock)) {
                    return;
                }
            } else if (events.ended()) {
                awaitOrphan(destination, deadline);
                return;
            } else if (!destination.process().alive()) {
                throw new Failed("the QEMU started on hypervisor " + to.name() + " died: "
                        + destination.process().describeExit());
            } else if (System.nanoTime() > deadline) {
                throw new Failed(
                        "the transfer was not done within " + options.timeout().toSeconds() + " s");
            }
        }
    }

    private boolean handedOver(QmpEvent event, Instance destination, MigrationClock clock)
            throws QemuException, Failed {
        if (event.name().equals("STOP")) {
            clock.stopped(event.atNanos());
            return false;
        }
        MigrationStatus status =
                MigrationStatus.named(event.data().path("status").asString(""));
        if (status == MigrationStatus.PRE_SWITCHOVER) {
            steps.beforeSwitchover(destination.process());
            monitor().migrateContinue(status);
        } else if (status.terminal() && status != MigrationStatus.COMPLETED) {
            throw new Failed(
                    "QEMU's migration " + status.name().toLowerCase(Locale.ROOT) + describeFailure(destination));
        }
        return status == MigrationStatus.COMPLETED;
    }

    private String describeFailure(Instance destination) {
        var description = new StringBuilder();
        try {
            String error = monitor().migration().error();
            description.append(error.isEmpty() ? "" : " (" + error + ")");
        } catch (QemuException silent) {
            description.append(" (").append(silent.getMessage()).append(')');
        }
        if (destination.process().awaitExit(GRACE)) {
            description
                    .append("; the QEMU started on hypervisor ")
                    .append(to.name())
                    .append(" died: ")
                    .append(destination.process().describeExit());
        }
        return description.toString();
    }

    /** The source's monitor is gone. If the source itself is, the VM lives on where everything of it arrived. */
    private void awaitOrphan(Instance destination, long deadline) throws QemuException, Failed {
        if (!source.process().awaitExit(GRACE)) {
            throw new Failed("the monitor of the QEMU on hypervisor "
                    + source.hypervisor().name() + " was lost");
        }
        while (System.nanoTime() < deadline && destination.process().alive()) {
            if (destination.process().monitor().migration().status() == MigrationStatus.COMPLETED) {
                return;
            }
            destination.process().awaitExit(LOOK_AROUND);
        }
        throw new Failed("the QEMU on hypervisor " + source.hypervisor().name() + " died before it had handed over: "
                + source.process().describeExit());
    }

    private MigrationResult finish(MigrationClock clock, NetworkTraffic network) {
        try {
            long networkBytes = network.since();
            Optional<MigrationInfo> info = report();
            return new MigrationResult(
                    vm.name(),
                    source.hypervisor().name(),
                    to.name(),
                    options.method(),
                    options.transport(),
                    clock.startNanos(),
                    clock.endNanos(),
                    clock.prepareMillis(),
                    clock.transferMillis(),
                    clock.stoppedMillis(),
                    info.map(MigrationInfo::downtimeMillis).orElse(OptionalLong.empty()),
                    info.map(MigrationInfo::streamBytes).orElse(OptionalLong.empty()),
                    networkBytes,
                    Optional.empty());
        } finally {
            launch.end(source);
        }
    }

    /** What the source says about the migration; nothing if it died after it had handed over. */
    private Optional<MigrationInfo> report() {
        try {
            return Optional.of(monitor().migration());
        } catch (QemuException dead) {
            return Optional.empty();
        }
    }

    /** What made the migration fail, in words. */
    private static final class Failed extends Exception {
        Failed(String message) {
            super(message);
        }
    }
}
