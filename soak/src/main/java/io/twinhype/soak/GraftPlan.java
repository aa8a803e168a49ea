package io.twinhype.soak;

import java.nio.file.Path;
import java.util.List;

/**
 * What the host has prepared and the lab is to do, as JSON. Its paths are the same on both sides, since the lab sees the
 * host's files.
 *
 * @param library to preload into VMMs
 * @param kernel what the guests boot
 * @param initramfs the guests' first file system
 * @param loader a bootable medium with both; empty: no case needs it
 * @param debian13 a directory with a Debian 13 that has QEMU; empty: no case needs it
 * @param a the module of hypervisor A, loaded when the lab's half starts, as B's
 * @param cases in this order
 */
record GraftPlan(
        Path library,
        Path kernel,
        Path initramfs,
        String loader,
        String debian13,
        Path a,
        Path b,
        List<GraftCase> cases) {
    GraftPlan {
        cases = List.copyOf(cases);
    }
}
