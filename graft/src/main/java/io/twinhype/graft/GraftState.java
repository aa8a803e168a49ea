package io.twinhype.graft;

import java.util.List;
import java.util.Optional;

/**
 * What a VMM's library knows of its VM.
 *
 * @param vm whether there is a VM
 * @param slots memory slots
 * @param device the hypervisor's device that the VM is on now; empty if there is no VM
 * @param path what the VMM opened it by
 * @param grafts how many were done so far
 * @param obstacles what keeps the VM from being grafted, a sentence each; empty if nothing does
 */
public record GraftState(
        boolean vm,
        int vcpus,
        int slots,
        int irqfds,
        int ioeventfds,
        Optional<DeviceNumber> device,
        String path,
        int grafts,
        List<String> obstacles) {
    /** Copies the list. */
    public GraftState {
        obstacles = List.copyOf(obstacles);
    }
}
