package io.twinhype.graft;

import java.time.Duration;

/**
 * How long the parts of a graft took, as the library measured them.
 *
 * @param prepare building the VM a second time on the other device; the guest ran
 * @param park bringing every vCPU to a stop
 * @param detach taking the interrupts' eventfds off the old VM
 * @param read the state of vCPUs, interrupt controllers and clock, from the old VM
 * @param write the same, into the new one
 * @param attach the eventfds to the new VM
 * @param exchange putting the new descriptors and mappings in the place of the old
 * @param release letting the vCPUs go
 * @param pause from the first vCPU's order to stop until all may go: what the guest can have noticed
 * @param teardown closing the old VM; the guest ran
 */
public record GraftResult(
        Duration prepare,
        Duration park,
        Duration detach,
        Duration read,
        Duration write,
        Duration attach,
        Duration exchange,
        Duration release,
        Duration pause,
        Duration teardown) {}
