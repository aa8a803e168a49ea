package io.twinhype.demo;

import io.twinhype.demo.DemoReport.GuestRow;
import io.twinhype.engine.EngineException;
import io.twinhype.engine.Host;
import io.twinhype.engine.Hypervisor;
import io.twinhype.engine.Vm;
import io.twinhype.engine.VmDefinition;
import io.twinhype.guest.GuestException;
import io.twinhype.guest.Heartbeat;
import io.twinhype.guest.HeartbeatSummary;
import io.twinhype.guest.ProbeReading;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The demo's guests: Linux with a disk and a heartbeat each. */
final class Guests implements AutoCloseable {
    /** A beat every 10 ms: nested and emulated on one CPU, four guests at 1 ms would do nothing else. */
    static final int BEAT_MICROS = 10_000;

    /** Enough for the kernel, the program and its checks. */
    static final int MEMORY_MEBIBYTES = 128;

    private static final long DISK_BYTES = 16L << 20;
    private static final Duration BOOT_LIMIT = Duration.ofMinutes(5);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(30);

    /** A running guest. */
    record Guest(Vm vm, Heartbeat heartbeat, String sawFixAtStart, long firstPid) {
        String name() {
            return vm.name();
        }
    }

    private final ExperimentPlan plan;
    private final Host host;
    private final Path directory;
    private final List<Guest> guests = new ArrayList<>();

    /** @param directory for sockets and disks */
    Guests(ExperimentPlan plan, Host host, Path directory) {
        this.plan = plan;
        this.host = host;
        this.directory = directory;
    }

    List<Guest> all() {
        return List.copyOf(guests);
    }

    Guest named(String name) {
        return guests.stream()
                .filter(guest -> guest.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no guest " + name + "."));
    }

    /** Starts a guest and returns its heartbeat, without waiting for a beat. */
    Starting start(String name, int memoryMebibytes, Hypervisor hypervisor, Path initramfs)
            throws DemoException, EngineException, GuestException {
        Path disk = directory.resolve(name + ".raw");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        } catch (IOException e) {
            throw new DemoException("The disk of " + name + " cannot be made: " + e.getMessage() + ".", e);
        }
        Heartbeat heartbeat = Heartbeat.listen(name, directory.resolve(name + ".beat"));
        VmDefinition definition = VmDefinition.linux(
                        name,
                        memoryMebibytes,
                        plan.kernel(),
                        initramfs,
                        "console=ttyS0 quiet panic=-1 mitigations=off twinhype.beat_us=" + BEAT_MICROS
                                + " twinhype.probe=" + plan.probe())
                .withDisk(disk)
                .withPort(Heartbeat.PORT, heartbeat.socket());
        return new Starting(host.start(definition, hypervisor), heartbeat);
    }

    /** A guest that boots. */
    final class Starting {
        private final Vm vm;
        private final Heartbeat heartbeat;

        private Starting(Vm vm, Heartbeat heartbeat) {
            this.vm = vm;
            this.heartbeat = heartbeat;
        }

        /** Waits until the guest has booted, made its first checks and looked at the hypervisor under it. */
        Guest await() throws DemoException {
            long start = System.nanoTime();
            boolean beats = false;
            while (!beats && vm.alive() && System.nanoTime() - start < BOOT_LIMIT.toNanos()) {
                beats = heartbeat.awaitBeats(1, LOOK);
            }
            Optional<ProbeReading> reading = beats ? heartbeat.awaitProbe(ANSWER_LIMIT) : Optional.empty();
            if (reading.isEmpty()) {
                throw new DemoException("Guest " + vm.name() + " did not boot on hypervisor "
                        + vm.hypervisor().name() + ": "
                        + (beats ? "its heartbeat began, but no check of its own followed" : "no heartbeat came")
                        + " within " + (System.nanoTime() - start) / 1_000_000_000L + " s, and its QEMU "
                        + vm.end().map(end -> "ended: " + end).orElse("still runs") + lastWords() + ".");
            }
            Guest guest = new Guest(vm, heartbeat, reading.get().outcome(), vm.pid());
            guests.add(guest);
            return guest;
        }

        /** The end of the guest's console, which usually says it all. */
        private String lastWords() {
            try (Stream<String> lines = Files.lines(host.consoleLog(vm), StandardCharsets.ISO_8859_1)) {
                return lines.map(String::strip)
                        .filter(line -> line.contains("Kernel panic"))
                        .findFirst()
                        .map(line -> "; its kernel said: " + line.replaceFirst("[.]+$", ""))
                        .orElse("");
            } catch (IOException e) {
                return "";
            }
        }
    }

    /** What the guest's own kernel says of the hypervisor under it, looked at after now. */
    static String lookAtFix(Guest guest) throws DemoException {
        long now = System.nanoTime();
        // A look that was made just before now may be reported just after: the second one is of after now.
        Optional<ProbeReading> first = guest.heartbeat().awaitProbeAfter(now, ANSWER_LIMIT);
        Optional<ProbeReading> second =
                first.flatMap(reading -> guest.heartbeat().awaitProbeAfter(reading.atNanos(), ANSWER_LIMIT));
        return second.map(ProbeReading::outcome)
                .orElseThrow(() -> new DemoException("Guest " + guest.name() + " has stopped reporting its checks."));
    }

    /** Ends a guest in order, and says what was heard of it. */
    GuestRow finish(Guest guest, String sawFixAtEnd) throws EngineException {
        long pid = guest.vm().pid();
        HeartbeatSummary heard = guest.heartbeat().stop(ANSWER_LIMIT);
        host.stop(guest.vm());
        guest.heartbeat().close();
        guests.remove(guest);
        return new GuestRow(
                guest.name(),
                heard.finished(),
                heard.sent(),
                heard.received(),
                heard.lost(),
                heard.doubled(),
                Milliseconds.rounded(heard.longestGapMillis()),
                heard.checks(),
                heard.diskErrors() + heard.memoryErrors() + heard.clockErrors() + heard.malformed(),
                guest.sawFixAtStart(),
                sawFixAtEnd,
                guest.firstPid(),
                pid);
    }

    @Override
    public void close() {
        guests.forEach(guest -> guest.heartbeat().close());
    }
}
