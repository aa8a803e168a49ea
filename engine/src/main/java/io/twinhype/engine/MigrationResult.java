package io.twinhype.engine;

import java.util.OptionalLong;

/**
 * A migration that took place.
 *
 * @param from the hypervisor left
 * @param to the hypervisor the VM runs on now
 * @param startNanos when the source was told to migrate, by {@link System#nanoTime}: the window for a pause opens
 * @param endNanos when the destination reported that it runs, by {@link System#nanoTime}: the window closes
 * @param prepareMillis starting the destination; the VM ran meanwhile
 * @param transferMillis from the order to migrate until the source had handed everything over, most of which the VM
 *     still ran
 * @param stoppedMillis from the source's report that the vCPUs stopped to the destination's that they run; what the
 *     guest sees of it is measured by its heartbeat
 * @param qemuDowntimeMillis QEMU's own figure, which leaves the destination's start out; absent if the source died
 *     after it had handed everything over
 * @param socketBytes bytes of the whole stream, RAM and device state, as the source counted them; absent like the former
 * @param networkBytes bytes all network interfaces of this machine moved meanwhile, loopback included, received plus
 *     sent (/proc/net/dev), whoever caused them
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
        long networkBytes) {}
