package io.twinhype.graft;

import java.util.List;
import java.util.Optional;

/**
 * What a VMM's library knows of its VM.
 *
 * @param slots memory slots
 * @param device the hypervisor's device that the VM is on now; empty if there is no VM
 * @param grafts how many were done so far
 * @param obstacles what keeps the VM from being grafted, a sentence each; empty if nothing does
 */
public record GraftState(
        int vcpus,
        int slots,
        int irqfds,
        int ioeventfds,
        Optional<DeviceNumber> device,
        int grafts,
        List<String> obstacles) {
    /** Copies the list. */
    public GraftState {
        obstacles = List.copyOf(obstacles);
    }
}
