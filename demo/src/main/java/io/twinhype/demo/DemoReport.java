package io.twinhype.demo;

import io.twinhype.graft.GraftResult;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the demo measured, in the shape of {@code report.json}. Times are milliseconds unless a name says seconds; bytes are
 * bytes.
 *
 * @param success every guest lives, no beat is lost or doubled, nothing crossed a network, both hypervisors are patched
 * @param problems why not, one sentence each; empty exactly if {@code success}
 * @param fix title of the fix that was applied to both hypervisors
 * @param migrations in the order in which they were made
 * @param hypervisors A, then B
 * @param guests in the order of their names
 * @param steps where the time went, in order
 * @param comparisons measured by {@code --compare}, else empty
 * @param kernelComplaints lines of the lab's kernel log that say WARN, BUG or the like
 * @param totalSeconds from the command to the report
 * @param environment what it was measured on: kernel, QEMU, Java, processors
 */
public record DemoReport(
        boolean success,
        List<String> problems,
        String fix,
        List<MigrationRow> migrations,
        List<HypervisorRow> hypervisors,
        List<GuestRow> guests,
        List<StepRow> steps,
        List<ComparisonRow> comparisons,
        List<String> kernelComplaints,
        double totalSeconds,
        Map<String, String> environment) {

    /**
     * One migration.
     *
     * @param pauseMillis longest silence of the guest's heartbeat around the move, as seen from outside the guest
     * @param qemuDowntimeMillis QEMU's own figure, or {@link #UNKNOWN}
     * @param socketBytes what went through the UNIX socket between the two VMM processes
     * @param networkBytes received and sent on all interfaces of the machine meanwhile, loopback included
     * @param outcome "completed", or the sentence why the VM stayed where it was
     * @param graft the parts of a graft; empty for other methods
     */
    public record MigrationRow(
            String vm,
            String from,
            String to,
            String method,
            double pauseMillis,
            long qemuDowntimeMillis,
            long socketBytes,
            long networkBytes,
            String outcome,
            Optional<GraftParts> graft) {
        /** The {@code outcome} of a migration that took place. */
        public static final String COMPLETED = "completed";

        /** A figure that nobody could tell, as after a migration that did not take place. */
        public static final long UNKNOWN = -1;
    }

    /**
     * How long the parts of a graft took, as the library in the VMM measured them, in milliseconds.
     *
     * @param prepareMillis before the pause, in which the guest ran
     * @param pauseMillis all that follows up to the release
     * @param teardownMillis after the pause
     */
    public record GraftParts(
            double prepareMillis,
            double pauseMillis,
            double parkMillis,
            double detachMillis,
            double readMillis,
            double writeMillis,
            double attachMillis,
            double exchangeMillis,
            double releaseMillis,
            double teardownMillis) {
        static GraftParts of(GraftResult parts) {
            return new GraftParts(
                    Milliseconds.fine(parts.prepare()),
                    Milliseconds.fine(parts.pause()),
                    Milliseconds.fine(parts.park()),
                    Milliseconds.fine(parts.detach()),
                    Milliseconds.fine(parts.read()),
                    Milliseconds.fine(parts.write()),
                    Milliseconds.fine(parts.attach()),
                    Milliseconds.fine(parts.exchange()),
                    Milliseconds.fine(parts.release()),
                    Milliseconds.fine(parts.teardown()));
        }
    }

    /**
     * One hypervisor, before and after.
     *
     * @param device its device node
     * @param buildBefore identity of the build, as the loaded module says it
     * @param patchedBefore what the canary guest saw
     * @param usersWhenEmptied how many users its module still had when its VMs had left, just before it was unloaded; or
     *     {@link MigrationRow#UNKNOWN}
     */
    public record HypervisorRow(
            String name,
            String device,
            String buildBefore,
            String buildAfter,
            boolean patchedBefore,
            boolean patchedAfter,
            long usersWhenEmptied) {}

    /**
     * One guest, from its start to its end.
     *
     * @param lived whether it answered at the end, saying how many beats it had sent
     * @param beatsSent as the guest says
     * @param longestGapMillis longest silence from its first beat to its last
     * @param checks rounds in which the guest looked at its memory, its disk and its clock, once a second
     * @param errors it found, and lines that arrived garbled
     * @param sawFixBefore what the guest's own kernel said of the hypervisor under it at the start
     * @param sawFixAfter the same at the end; "trapped" is fixed
     * @param pidBefore the process id of its VMM at the start
     * @param pidAfter the same at the end; a graft keeps it
     */
    public record GuestRow(
            String vm,
            boolean lived,
            long beatsSent,
            long beatsReceived,
            long beatsLost,
            long beatsDoubled,
            double longestGapMillis,
            long checks,
            long errors,
            String sawFixBefore,
            String sawFixAfter,
            long pidBefore,
            long pidAfter) {}

    /** A step of the demo and how long it took. */
    public record StepRow(String step, double seconds) {}

    /**
     * Several migrations of one guest by one method.
     *
     * @param memoryMebibytes of the guest
     * @param runs how many
     */
    public record ComparisonRow(
            String method,
            int memoryMebibytes,
            int runs,
            double medianPauseMillis,
            double maximumPauseMillis,
            double medianTotalMillis,
            long medianSocketBytes,
            long medianNetworkBytes) {}
}
