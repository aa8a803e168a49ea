package io.twinhype.engine;

import io.twinhype.graft.DeviceNumber;
import io.twinhype.graft.Graft;
import io.twinhype.graft.GraftException;
import io.twinhype.graft.GraftFault;
import io.twinhype.graft.GraftResult;
import io.twinhype.graft.GraftState;
import io.twinhype.graft.VmmProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * One graft of one VMM process, whoever started it. If the answer gets lost, it asks where the VM is: the library answers
 * in order, so its next answer comes after the graft, whichever way that ended.
 */
final class VmmGraft {
    private static final Duration NAP = Duration.ofMillis(100);

    private final String who;
    private final VmmProcess process;
    private final String from;
    private final Hypervisor to;
    private final Duration patience;

    /**
     * @param who what messages call it, such as "VM web1"
     * @param from the hypervisor it is on
     * @param patience how long to ask for an answer that got lost
     */
    VmmGraft(String who, long pid, String from, Hypervisor to, Duration patience) {
        this.who = who;
        this.process = new VmmProcess(pid);
        this.from = from;
        this.to = to;
        this.patience = patience;
    }

    /**
     * A graft that was done.
     *
     * @param parts of its time; empty if the library's answer got lost
     * @param startNanos when it was ordered, by {@link System#nanoTime}
     * @param endNanos when the vCPUs ran again, at the latest
     */
    record Done(Optional<GraftResult> parts, long startNanos, long endNanos) {}

    /** A way to break a graft on purpose, chosen from the library's steps. */
    interface Fault {
        /** Breaks nothing. */
        Fault NONE = _ -> Optional.empty();

        /** The last step that can fail: everything is done already and has to be undone. */
        Fault LATEST = library -> Optional.of(GraftFault.at(library.steps().getLast()));

        Optional<GraftFault> choose(Graft library) throws GraftException;
    }

    /** Says what is in the way of a graft, in words; empty if nothing is. */
    Optional<String> obstacle() {
        try {
            look();
            return Optional.empty();
        } catch (InTheWay obstacle) {
            return Optional.of(obstacle.words());
        }
    }

    /** What is known before a graft in whose way nothing is. */
    private record Look(Graft library, Path device, DeviceNumber onto, DeviceNumber left) {}

    /** What keeps a VM from being grafted. */
    private static final class InTheWay extends Exception {
        InTheWay(String words) {
            super(words);
        }

        String words() {
            return String.valueOf(getMessage());
        }
    }

    private Look look() throws InTheWay {
        Path device = to.device()
                .orElseThrow(() -> new InTheWay("hypervisor " + to.name() + " is emulation, which has no KVM device"));
        try {
            DeviceNumber onto = DeviceNumber.of(device);
            Graft library = Graft.of(process.pid());
            GraftState state = library.check(device);
            DeviceNumber left = state.device().orElseThrow(() -> new InTheWay("its process has no VM"));
            if (left.equals(onto)) {
                throw new InTheWay("it is on hypervisor " + to.name() + " already");
            }
            if (!state.obstacles().isEmpty()) {
                throw new InTheWay(String.join("; ", state.obstacles()));
            }
            return new Look(library, device, onto, left);
        } catch (GraftException unable) {
            throw new InTheWay(unable.getMessage());
        } catch (IOException absent) {
            throw new InTheWay("there is no device " + device + ": load hypervisor " + to.name());
        }
    }

    /** Does it; returns when nothing of the VM is left on the old hypervisor. */
    Done run(Duration parking, Fault fault) throws EngineException {
        Look look;
        try {
            look = look();
        } catch (InTheWay obstacle) {
            throw refusal(obstacle.words());
        }
        Precedence.give(process.pid());
        try {
            return run(look, parking, fault.choose(look.library()));
        } catch (GraftException failure) {
            throw meaning(failure);
        } finally {
            Precedence.takeBack(process.pid());
        }
    }

    private EngineException meaning(GraftException failure) {
        if (!process.alive()) {
            return ended(failure.getMessage());
        }
        return switch (failure) {
            // An unknown outcome of the graft itself is settled elsewhere; there is none before it.
            case GraftException.Refused _, GraftException.Unreachable _, GraftException.OutcomeUnknown _ ->
                refusal(failure.getMessage());
            case GraftException.Failed _ -> notMoved(failure.getMessage());
        };
    }

    private Done run(Look look, Duration parking, Optional<GraftFault> fault) throws EngineException, GraftException {
        long start = System.nanoTime();
        try {
            GraftResult result = look.library().graft(look.device(), parking, fault);
            return new Done(
                    Optional.of(result),
                    start,
                    System.nanoTime() - result.teardown().toNanos());
        } catch (GraftException.OutcomeUnknown lost) {
            settle(look, lost.getMessage());
            return new Done(Optional.empty(), start, System.nanoTime());
        }
    }

    /** Returns if the VM is on the new hypervisor. */
    private void settle(Look look, String reason) throws EngineException {
        long deadline = System.nanoTime() + patience.toNanos();
        String silence = "";
        boolean hurried = false;
        while (process.alive() && System.nanoTime() < deadline) {
            try {
                Optional<DeviceNumber> now = look.library().show().device();
                if (now.equals(Optional.of(look.onto()))) {
                    return;
                }
                if (now.equals(Optional.of(look.left()))) {
                    throw notMoved(reason);
                }
                silence =
                        "it is on the device " + now.map(DeviceNumber::toString).orElse("of none");
            } catch (GraftException unanswered) {
                silence = unanswered.getMessage();
            }
            hurried |= !napped();
        }
        if (hurried) {
            Thread.currentThread().interrupt();
        }
        if (!process.alive()) {
            throw ended(reason);
        }
        throw new EngineException.Undecided(who + " (pid " + process.pid() + ") is on hypervisor " + from + " or "
                + to.name() + ", or hangs between them: " + reason + "; asked again, " + silence
                + "; look at whether its guest runs, and end it if it does not");
    }

    /** Where the VM is has to be found out in any case: an interrupt only brings the next look sooner. */
    private static boolean napped() {
        try {
            Thread.sleep(NAP);
            return true;
        } catch (InterruptedException hurried) {
            return false;
        }
    }

    private EngineException.Refused refusal(String reason) {
        return new EngineException.Refused(who + " can't be grafted onto hypervisor " + to.name() + ": " + reason);
    }

    private EngineException.NotMoved notMoved(String reason) {
        return new EngineException.NotMoved(
                who + " was not moved to hypervisor " + to.name() + " and goes on on " + from + ": " + reason);
    }

    private EngineException.Ended ended(String reason) {
        return new EngineException.Ended(who + " ended while the hypervisor under it was to be changed from " + from
                + " to " + to.name() + ": " + reason);
    }
}
