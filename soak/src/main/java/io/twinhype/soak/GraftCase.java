package io.twinhype.soak;

import java.util.List;

/**
 * One VM, and what is done to it while it goes to and fro between two hypervisors.
 *
 * @param name a word
 * @param vmm which QEMU it runs in
 * @param vcpus its vCPUs
 * @param boot how far it is when the grafts begin
 * @param disturbance what else happens meanwhile
 * @param grafts how many
 * @param quick whether the short form has it, too
 * @param qemu arguments of QEMU besides those that all have (GraftVmm), with names in braces for what the runner fills in
 * @param guest kernel arguments besides those that all have
 */
record GraftCase(
        String name,
        Vmm vmm,
        int vcpus,
        Boot boot,
        Disturbance disturbance,
        int grafts,
        boolean quick,
        List<String> qemu,
        String guest) {
    /** Which QEMU. */
    enum Vmm {
        /** This machine's. */
        HOST,
        /** The one in a directory with a Debian 13. */
        DEBIAN_13
    }

    /** Where the guest is when the first graft comes. */
    enum Boot {
        /** Its program runs. */
        RUNNING,
        /** The firmware waits for a key. */
        FIRMWARE,
        /** GRUB counts down. */
        LOADER
    }

    /** What happens between and during the grafts. */
    enum Disturbance {
        /** Nothing. */
        NONE,
        /** The VM is stopped by its monitor. */
        PAUSED,
        /** The module that was left is unloaded and loaded again after each graft. */
        UNLOAD,
        /** Each step of a graft fails once. */
        FAULTS,
        /** Commands through the monitor, without pause. */
        COMMANDS,
        /** The machine is reset by its monitor, a few times. */
        RESET,
        /** The guest reboots itself. */
        REBOOT,
        /** The power button is pressed, and the guest powers off. */
        POWERDOWN,
        /** A disk and a network interface come and go. */
        HOTPLUG,
        /** A disk gets snapshots. */
        SNAPSHOT,
        /** A migration to another process is under way, where the guest goes on in the end. */
        MIGRATION,
        /** Started as libvirt does it: another user, sandbox, a /dev without the other device. */
        LIBVIRT
    }

    GraftCase {
        qemu = List.copyOf(qemu);
    }

    /** Whether the guest has a network and streams through it. */
    boolean streams() {
        return qemu.stream().anyMatch(argument -> argument.contains("{tap}"));
    }

    GraftCase with(int count) {
        return new GraftCase(name, vmm, vcpus, boot, disturbance, count, quick, qemu, guest);
    }
}
