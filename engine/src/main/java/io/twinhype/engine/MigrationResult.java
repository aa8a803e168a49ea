package io.twinhype.engine;

import io.twinhype.graft.GraftResult;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A migration that took place.
 *
 * @param from the hypervisor left
 * @param to the hypervisor the VM runs on now
 * @param startNanos when the source, or the library in it, was told to migrate, by {@link System#nanoTime}: the window for
 *     a pause opens
 * @param endNanos when the destination reported that it runs, by {@link System#nanoTime}: the window closes. Of a graft, when
 *     the vCPUs had been let go, at the latest
 * @param prepareMillis starting the destination, or building the VM a second time in its process; the VM ran meanwhile
 * @param transferMillis from the order to migrate until the source had handed everything over, most of which the VM
 *     still ran
 * @param stoppedMillis from the source's report that the vCPUs stopped to the destination's that they run; what the
 *     guest sees of it is measured by its heartbeat. Of a graft, as the library measured it
 * @param qemuDowntimeMillis QEMU's own figure, which leaves the destination's start out; absent if the source died
 *     after it had handed everything over, and of a graft
 * @param socketBytes bytes of the whole stream, RAM and device state, as the source counted them; absent like the former
 * @param networkBytes bytes all network interfaces of this machine moved meanwhile, loopback included, received plus
 *     sent (/proc/net/dev), whoever caused them
 * @param graft the parts of a graft's pause; empty for other methods, and if the library's answer got lost
 */
public record MigrationResult(
        String vm,
        String from,
        String to,
        MigrationMethod method,
        Transport transport,
        long startNanos,
        long endNanos,
        double prepareMillis,
        double transferMillis,
        double stoppedMillis,
        OptionalLong qemuDowntimeMillis,
        OptionalLong socketBytes,
        long networkBytes,
        Optional<GraftResult> graft) {}
