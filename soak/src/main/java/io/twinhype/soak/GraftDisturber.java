package io.twinhype.soak;

import io.twinhype.guest.DiskLog;
import io.twinhype.guest.GuestException;
import io.twinhype.qemu.QemuException;
import io.twinhype.soak.GraftCase.Disturbance;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** Does to a VM what a case says, beside the grafts: in a thread of its own, or just before one. */
final class GraftDisturber implements AutoCloseable {
    /** Read by people and by other threads of QEMU, from vCPUs and from devices. */
    private static final List<String> COMMANDS = List.of(
            "query-status",
            "query-cpus-fast",
            "query-block",
            "query-blockstats",
            "query-memory-size-summary",
            "query-chardev",
            "query-iothreads",
            "hmp info registers -a",
            "hmp info lapic",
            "hmp info pic",
            "hmp info mtree",
            "hmp info irq",
            "hmp info qtree",
            "stop",
            "cont");

    /** A reset each so many grafts. */
    private static final int RESET_EVERY = 2;

    /** Slow enough for a migration to last as long as the grafts, and fast enough for it to come to an end. */
    private static final long SLOW = 1 << 20;

    private static final long FAST = 1 << 30;

    /** The socket of a migration. */
    static final String SUCCESSOR = "successor";

    private final Disturbance disturbance;
    private final GraftGuest guest;
    private final GraftVmm vmm;
    private final Path directory;
    private final Optional<GraftVmm> successor;
    private final List<String> found = new ArrayList<>();
    private final Thread thread;
    private volatile boolean over;
    private final AtomicInteger rounds = new AtomicInteger();

    private GraftDisturber(
            Disturbance disturbance, GraftGuest guest, GraftVmm vmm, Path directory, Optional<GraftVmm> successor) {
        this.successor = successor;
        this.disturbance = disturbance;
        this.guest = guest;
        this.vmm = vmm;
        this.directory = directory;
        this.thread = Thread.ofPlatform().daemon().name("disturber").unstarted(this::goOn);
    }

    /** @param successor a process that waits for the VM at the socket {@link #SUCCESSOR}, if the VM is to be migrated */
    static GraftDisturber start(
            Disturbance disturbance, GraftGuest guest, GraftVmm vmm, Path directory, Optional<GraftVmm> successor)
            throws QemuException {
        var disturber = new GraftDisturber(disturbance, guest, vmm, directory, successor);
        switch (disturbance) {
            case COMMANDS, HOTPLUG, SNAPSHOT -> disturber.thread.start();
            case MIGRATION -> disturber.migrate();
            case NONE, PAUSED, UNLOAD, FAULTS, RESET, REBOOT, POWERDOWN, LIBVIRT -> {}
        }
        return disturber;
    }

    /** The process that the VM is in when all is over. */
    GraftVmm inCharge() {
        return successor.orElse(vmm);
    }

    /** Whether the guest need not beat between two grafts: it boots, or is stopped. */
    boolean guestMayBeSilent() {
        return switch (disturbance) {
            case RESET, REBOOT, POWERDOWN, COMMANDS, PAUSED -> true;
            case NONE, UNLOAD, FAULTS, HOTPLUG, SNAPSHOT, MIGRATION, LIBVIRT -> false;
        };
    }

    /** Whether nothing but grafts can make the VMM hold on to more. */
    boolean holdingsAreSteady() {
        return switch (disturbance) {
            case NONE, UNLOAD, FAULTS, PAUSED, LIBVIRT -> true;
            case RESET, REBOOT, POWERDOWN, COMMANDS, HOTPLUG, SNAPSHOT, MIGRATION -> false;
        };
    }

    /** Right before a graft. */
    void before(int graft) throws QemuException {
        switch (disturbance) {
            case RESET -> {
                if (graft % RESET_EVERY == 1) {
                    vmm.tell("system_reset");
                }
            }
            case REBOOT -> {
                if (graft == 1) {
                    guest.heartbeat().reboot(GraftGuest.PATIENCE);
                }
            }
            case POWERDOWN -> {
                if (graft == 2) {
                    vmm.tell("system_powerdown");
                }
            }
            case NONE, PAUSED, UNLOAD, FAULTS, COMMANDS, HOTPLUG, SNAPSHOT, MIGRATION, LIBVIRT -> {}
        }
    }

    /** Ends it and sees that it has done something. */
    void finish(List<String> problems) throws QemuException, SoakException, InterruptedException {
        over = true;
        thread.join();
        problems.addAll(found);
        switch (disturbance) {
            case COMMANDS -> vmm.tell("cont");
            case MIGRATION -> arrive();
            case RESET, REBOOT -> {
                if (!guest.heartbeat().awaitLives(2, GraftGuest.PATIENCE)) {
                    throw new SoakException("The guest has not booted again.");
                }
                if (guest.awaitSettled().isPresent()) {
                    throw new SoakException("The guest booted again, but its checks have not begun.");
                }
            }
            case POWERDOWN -> {
                if (!vmm.awaitEnd(GraftGuest.PATIENCE)) {
                    throw new SoakException("The power button was pressed, but the VM is not off.");
                }
            }
            case NONE, PAUSED, UNLOAD, FAULTS, HOTPLUG, SNAPSHOT, LIBVIRT -> {}
        }
        if (thread.getState() == Thread.State.TERMINATED && rounds.get() == 0 && found.isEmpty()) {
            problems.add("The disturbance " + disturbance + " has never come round.");
        }
    }

    private void goOn() {
        try {
            for (int round = 0; !over; round = rounds.incrementAndGet()) {
                switch (disturbance) {
                    case COMMANDS -> command(COMMANDS.get(round % COMMANDS.size()));
                    case HOTPLUG -> plug(round);
                    case SNAPSHOT -> snapshot(round);
                    case NONE, PAUSED, UNLOAD, FAULTS, RESET, REBOOT, POWERDOWN, MIGRATION, LIBVIRT ->
                        throw new IllegalStateException("not in a thread: " + disturbance);
                }
            }
        } catch (QemuException | GuestException e) {
            found.add("While grafts went on: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void command(String words) throws QemuException {
        if (words.startsWith("hmp ")) {
            var arguments = GraftVmm.JSON.createObjectNode().put("command-line", words.substring(4));
            vmm.monitor().execute("human-monitor-command", arguments);
        } else {
            vmm.tell(words);
        }
    }

    /** A disk and a network interface come, are seen by the guest, and go again. */
    private void plug(int round) throws QemuException, GuestException, InterruptedException {
        Path disk = directory.resolve("more.raw");
        DiskLog.prepare(disk, 2048);
        vmm.tell("blockdev-add", """
                {"driver": "raw", "node-name": "more", "file": {"driver": "file", "filename": "%s"}}""".formatted(disk));
        vmm.tell("netdev_add", "{\"type\": \"user\", \"id\": \"more-net\"}");
        vmm.tell("device_add", "{\"driver\": \"virtio-blk-pci\", \"drive\": \"more\", \"id\": \"more-disk\"}");
        vmm.tell("device_add", "{\"driver\": \"virtio-net-pci\", \"netdev\": \"more-net\", \"id\": \"more-nic\"}");
        awaitDevices(3, 1, round);
        vmm.tell("device_del", "{\"id\": \"more-disk\"}");
        vmm.tell("device_del", "{\"id\": \"more-nic\"}");
        awaitDevices(2, 0, round);
        settle("blockdev-del", "{\"node-name\": \"more\"}");
        settle("netdev_del", "{\"id\": \"more-net\"}");
    }

    /** A backend is in use until its device has gone, a moment after the guest let go of it. */
    private void settle(String command, String arguments) throws QemuException, InterruptedException {
        for (int attempt = 0; ; attempt++) {
            try {
                vmm.tell(command, arguments);
                return;
            } catch (QemuException.Rejected busy) {
                if (attempt == 100) {
                    throw busy;
                }
                Thread.sleep(100);
            }
        }
    }

    private void awaitDevices(int disks, int nics, int round) throws GuestException {
        if (!guest.heartbeat()
                .awaitCheck(
                        "machine",
                        check -> check.figure("disks") == disks && check.figure("nics") == nics,
                        GraftGuest.PATIENCE)) {
            throw new GuestException("in round " + round + " of plugging the guest does not have " + disks
                    + " disks and " + nics + " network interfaces but "
                    + guest.heartbeat().checks().get("machine"));
        }
    }

    /** The guest's first disk goes on in a new file over the old one. */
    private void snapshot(int round) throws QemuException, InterruptedException {
        vmm.tell("blockdev-snapshot-sync", """
                {"node-name": "%s", "snapshot-file": "%s", "snapshot-node-name": "over%d", "format": "qcow2"}""".formatted(
                        round == 0 ? "first" : "over" + (round - 1), directory.resolve("over" + round), round));
        Thread.sleep(300);
    }

    /** Memory begins to be copied, and what the guest changes meanwhile to be logged. */
    private void migrate() throws QemuException {
        vmm.tell("migrate-set-parameters", "{\"max-bandwidth\": " + SLOW + "}");
        vmm.tell("migrate", "{\"uri\": \"unix:" + directory.resolve(SUCCESSOR) + "\"}");
    }

    /** The migration must still be under way; then it may complete, and the guest goes on in the other process. */
    private void arrive() throws QemuException, SoakException, InterruptedException {
        String status = migrationStatus();
        if (!status.equals("active")) {
            throw new SoakException(
                    "The migration was not under way any more when the grafts were done: " + status + ".");
        }
        vmm.tell("migrate-set-parameters", "{\"max-bandwidth\": " + FAST + "}");
        long deadline = System.nanoTime() + GraftGuest.PATIENCE.toNanos();
        while (!migrationStatus().equals("completed")) {
            if (System.nanoTime() > deadline) {
                throw new SoakException("The migration did not come to its end: " + migrationStatus() + ".");
            }
            Thread.sleep(100);
        }
        vmm.tell("quit");
        vmm.awaitEnd(GraftGuest.PATIENCE);
    }

    private String migrationStatus() throws QemuException {
        return vmm.tell("query-migrate").path("status").asString("none");
    }

    /** Leaves no VM stopped, whatever went wrong. */
    @Override
    public void close() {
        boolean stopped = disturbance == Disturbance.COMMANDS && !over;
        over = true;
        if (stopped) {
            try {
                thread.join();
                vmm.tell("cont");
            } catch (QemuException gone) {
                found.add(gone.getMessage());
            } catch (InterruptedException now) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
