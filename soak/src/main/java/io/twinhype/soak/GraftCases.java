package io.twinhype.soak;

import io.twinhype.soak.GraftCase.Boot;
import io.twinhype.soak.GraftCase.Disturbance;
import io.twinhype.soak.GraftCase.Vmm;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** All the cases. */
final class GraftCases {
    /** The case whose number of grafts is asked for. */
    static final String ROW = "row";

    private static final int FEW = 6;
    private static final int SOME = 20;

    private static final String PC = "-M pc";
    private static final String Q35 = "-M q35";
    private static final String MICROVM = "-M microvm,rtc=on,pit=on,pic=on -global virtio-mmio.force-legacy=false";
    /** Disks with a thread of their own: requests come by ioeventfd, their completions go by irqfd. */
    private static final String DISKS = " -object iothread,id=io -device virtio-blk-pci,drive=first,iothread=io"
            + " -device virtio-blk-pci,drive=log,iothread=io" + " -device virtio-serial-pci";

    private static final String MMIO_DISKS = " -object iothread,id=io -device virtio-blk-device,drive=first"
            + " -device virtio-blk-device,drive=log -device virtio-serial-device";
    /** Requests come as exits of the vCPU, completions through the main loop. */
    private static final String PLAIN_DISKS = " -device virtio-blk-pci,drive=first,ioeventfd=off"
            + " -device virtio-blk-pci,drive=log,ioeventfd=off -device virtio-serial-pci,ioeventfd=off";

    private static final String NET = " -netdev tap,id=net,ifname={tap},script=no,downscript=no,vhost=off"
            + " -device virtio-net-pci,netdev=net,romfile=";
    private static final String VHOST = " -netdev tap,id=net,ifname={tap},script=no,downscript=no,vhost=on"
            + " -device virtio-net-pci,netdev=net,romfile=";

    private GraftCases() {}

    static List<GraftCase> all() {
        List<GraftCase> cases = new ArrayList<>();
        hardware(cases, "", Vmm.HOST);
        hardware(cases, "-qemu10", Vmm.DEBIAN_13);
        add(cases, "commands", 2, Disturbance.COMMANDS, SOME, true, PC + DISKS, "");
        add(cases, "paused", 2, Disturbance.PAUSED, SOME, false, PC + DISKS + VHOST, "");
        add(
                cases,
                "load",
                2,
                Disturbance.NONE,
                SOME,
                false,
                PC + DISKS + VHOST,
                "twinhype.dirty_mib=32 twinhype.rest=0");
        add(cases, "unload", 2, Disturbance.UNLOAD, SOME, false, PC + DISKS, "");
        add(cases, "reset", 2, Disturbance.RESET, FEW, false, PC + DISKS, "");
        add(cases, "reboot", 2, Disturbance.REBOOT, FEW, false, PC + DISKS, "");
        add(cases, "powerdown", 2, Disturbance.POWERDOWN, FEW, false, PC + DISKS, "");
        add(cases, "hotplug", 2, Disturbance.HOTPLUG, SOME, false, PC + DISKS, "");
        add(cases, "snapshot", 2, Disturbance.SNAPSHOT, SOME, false, PC + DISKS, "");
        add(cases, "migration", 2, Disturbance.MIGRATION, SOME, false, PC + DISKS, "twinhype.dirty_mib=8");
        add(cases, "libvirt", 2, Disturbance.LIBVIRT, FEW, true, PC + DISKS + VHOST, "");
        // With a display, whose memory's changes are logged, and a debugger: both are steps of their own.
        add(cases, "faults", 2, Disturbance.FAULTS, 0, true, PC + " -device VGA" + DISKS + VHOST, "");
        add(cases, ROW, 2, Disturbance.NONE, 1000, false, PC + DISKS + VHOST, "");
        return cases;
    }

    /** What a machine can be made of. */
    private static void hardware(List<GraftCase> cases, String suffix, Vmm vmm) {
        List<GraftCase> these = new ArrayList<>();
        add(these, "pc-1", 1, Disturbance.NONE, SOME, false, PC + DISKS, "");
        add(these, "pc-2-vhost", 2, Disturbance.NONE, SOME, false, PC + DISKS + VHOST, "");
        add(these, "q35-2-net", 2, Disturbance.NONE, SOME, false, Q35 + DISKS + NET, "");
        add(these, "pc-4", 4, Disturbance.NONE, SOME, false, PC + DISKS, "");
        add(these, "microvm-1", 1, Disturbance.NONE, SOME, false, MICROVM + MMIO_DISKS, "");
        add(these, "pc-1-plain", 1, Disturbance.NONE, SOME, false, PC + PLAIN_DISKS, "");
        add(these, "q35-2-split", 2, Disturbance.NONE, SOME, false, Q35 + ",kernel-irqchip=split" + DISKS + VHOST, "");
        add(these, "pc-1-vga", 1, Disturbance.NONE, SOME, false, PC + " -device VGA" + DISKS, "");
        boot(these, "pc-1-firmware", Boot.FIRMWARE, PC + " -boot menu=on,splash-time=12000 -device VGA" + DISKS);
        boot(these, "pc-1-loader", Boot.LOADER, PC + " -device VGA -cdrom {iso}" + DISKS);
        these.forEach(each -> cases.add(new GraftCase(
                each.name() + suffix,
                vmm,
                each.vcpus(),
                each.boot(),
                each.disturbance(),
                each.grafts(),
                each.quick(),
                each.qemu(),
                each.guest())));
    }

    private static void add(
            List<GraftCase> cases,
            String name,
            int vcpus,
            Disturbance disturbance,
            int grafts,
            boolean quick,
            String qemu,
            String guest) {
        cases.add(new GraftCase(name, Vmm.HOST, vcpus, Boot.RUNNING, disturbance, grafts, quick, words(qemu), guest));
    }

    private static void boot(List<GraftCase> cases, String name, Boot boot, String qemu) {
        cases.add(new GraftCase(name, Vmm.HOST, 1, boot, Disturbance.NONE, FEW, false, words(qemu), ""));
    }

    private static List<String> words(String arguments) {
        return Stream.of(arguments.split(" ")).toList();
    }
}
