package io.twinhype.soak;

import io.twinhype.guest.DiskLog;
import io.twinhype.guest.GuestCheck;
import io.twinhype.guest.GuestException;
import io.twinhype.guest.Heartbeat;
import io.twinhype.guest.HeartbeatSummary;
import io.twinhype.guest.StreamEcho;
import io.twinhype.soak.GraftCase.Disturbance;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The outside's half of a guest that checks everything: hears it, answers its stream, reads its log, judges. */
final class GraftGuest implements AutoCloseable {
    /** The lab's address on the guests' network, and the guest's. */
    static final String HERE = "10.77.0.1";

    private static final String THERE = "10.77.0.2";

    /** A guest on an emulated, shared CPU. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final int LOG_RECORDS = 32768;

    /** Between what the guest's clock did and what the outside measured of it lie two readings that take a moment each. */
    private static final double READING_MILLIS = 5;

    private final GraftCase each;
    private final Path directory;
    private final Heartbeat heartbeat;
    private final Optional<StreamEcho> echo;

    GraftGuest(GraftCase each, Path directory) throws GuestException {
        this.each = each;
        this.directory = directory;
        DiskLog.prepare(log(), LOG_RECORDS);
        DiskLog.prepare(first(), LOG_RECORDS);
        heartbeat = Heartbeat.listen(each.name(), directory.resolve("beat"));
        echo = each.streams() ? Optional.of(StreamEcho.listen(address())) : Optional.empty();
    }

    private static InetAddress address() throws GuestException {
        try {
            return InetAddress.getByName(HERE);
        } catch (UnknownHostException notSo) {
            throw new GuestException(HERE + " is not an address", notSo);
        }
    }

    Heartbeat heartbeat() {
        return heartbeat;
    }

    /** The disk that the guest writes to and reads from once a second. */
    Path first() {
        return directory.resolve("first.raw");
    }

    /** The disk with the guest's log. */
    Path log() {
        return directory.resolve("log.raw");
    }

    /** What the guest's kernel is told. */
    static String arguments(GraftCase each, int port) {
        return "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check twinhype.registers=5 twinhype.clocks=1"
                + " twinhype.ticks=1 twinhype.wakeups=1 twinhype.log=/dev/vdb twinhype.machine=1 twinhype.power=1"
                + (each.streams() ? " twinhype.net=" + THERE + " twinhype.stream=" + HERE + ":" + port : "")
                + (each.guest().isEmpty() ? "" : " " + each.guest());
    }

    String arguments() {
        return arguments(each, echo.map(StreamEcho::port).orElse(0));
    }

    /** Waits until each of the checks has found something to do; says which has not. */
    Optional<String> awaitSettled() {
        List<String> wanted = new ArrayList<>(List.of("clocks", "log", "registers", "ticks", "wakeups"));
        if (each.streams()) {
            wanted.add("stream");
        }
        return wanted.stream()
                .filter(name -> !heartbeat.awaitCheck(name, check -> check.rounds() > 0, PATIENCE))
                .findFirst();
    }

    /** Sees that the guest still runs and checks. */
    void expectAlive(List<String> problems, String when) {
        long checks = heartbeat.summary().checks();
        if (!heartbeat.awaitBeatAfter(System.nanoTime(), PATIENCE)) {
            problems.add(when + " the guest is silent.");
        } else if (!heartbeat.awaitChecks(checks + 2, PATIENCE)) {
            problems.add(when + " the guest beats, but its checks do not go on.");
        }
    }

    /** Lets the guest come to its end and judges all that it said. */
    void judge(HeartbeatSummary heard, List<String> problems, Map<String, Double> figures) throws GuestException {
        if (!heard.finished()) {
            problems.add("The guest did not come to its end when asked to.");
        }
        unless(heard.lost() == 0, heard.lost() + " of " + heard.sent() + " beats were lost.", problems);
        unless(heard.doubled() == 0, heard.doubled() + " beats came twice.", problems);
        unless(heard.malformed() == 0, heard.malformed() + " lines of the guest were spoilt.", problems);
        unless(
                heard.diskErrors() + heard.memoryErrors() + (clockIsSetBack() ? 0 : heard.clockErrors()) == 0,
                "The guest found " + heard.diskErrors() + " errors on its disk, " + heard.memoryErrors()
                        + " in memory, " + heard.clockErrors() + " of its clock.",
                problems);
        Map<String, GuestCheck> checks = heartbeat.checks();
        checks.values().forEach(check -> {
            unless(
                    check.errors() == excused(check),
                    "The guest's check " + check.name() + " found " + check.errors() + " errors: " + notes(check),
                    problems);
            unless(check.rounds() > 0, "The guest's check " + check.name() + " has never come round.", problems);
        });
        figures.put("silence_ms", heard.longestGapMillis());
        figures.put("beats", (double) heard.received());
        clocks(heard, checks, problems, figures);
        log(checks, problems, figures);
        if (echo.isPresent()) {
            stream(echo.get().summary(), checks, heard.finished(), problems, figures);
        }
        Optional.ofNullable(checks.get("registers"))
                .ifPresent(check -> figures.put("register_rounds", (double) check.rounds()));
    }

    private void clocks(
            HeartbeatSummary heard,
            Map<String, GuestCheck> checks,
            List<String> problems,
            Map<String, Double> figures) {
        GuestCheck clocks = checks.getOrDefault("clocks", new GuestCheck("clocks", 0, 0, Map.of()));
        double step = Math.max(clocks.figure("step_forward_ns"), clocks.figure("step_back_ns")) / 1e6;
        unless(
                step <= heard.longestGapMillis() + READING_MILLIS,
                "The guest's clock and its TSC stepped " + step + " ms away from each other, the longest silence was "
                        + heard.longestGapMillis() + " ms.",
                problems);
        figures.put("clock_against_tsc_ms", step);
        double ahead = heartbeat.clockAhead().toNanos() / 1e6;
        unless(
                clockIsStopped() || Math.abs(ahead) <= heard.longestGapMillis() + READING_MILLIS,
                "Between its first and its last beat the guest's clock went " + ahead
                        + " ms further than this machine's.",
                problems);
        figures.put("clock_ahead_ms", ahead);
        Optional.ofNullable(checks.get("ticks")).ifPresent(ticks -> {
            double late = ticks.figure("late_ns") / 1e6;
            figures.put("timer_late_ms", late);
            figures.put("timer_wakeups", (double) ticks.figure("wakeups"));
            figures.put("timer_interrupts", (double) ticks.figure("interrupts"));
        });
        Optional.ofNullable(checks.get("wakeups"))
                .ifPresent(wakeups -> figures.put("wakeup_rounds", (double) wakeups.rounds()));
    }

    private void log(Map<String, GuestCheck> checks, List<String> problems, Map<String, Double> figures)
            throws GuestException {
        GuestCheck log = checks.getOrDefault("log", new GuestCheck("log", 0, 0, Map.of()));
        DiskLog found = DiskLog.read(log(), log.figure("last"));
        found.problems().forEach(problem -> problems.add("On the guest's log, " + problem + "."));
        unless(found.records() > 0, "The guest's log has no records.", problems);
        figures.put("log_records", (double) found.last());
        figures.put("disk_spare_interrupts", (double) log.figure("spare_interrupts"));
    }

    private static void stream(
            StreamEcho.Summary heard,
            Map<String, GuestCheck> checks,
            boolean finished,
            List<String> problems,
            Map<String, Double> figures) {
        heard.problems().forEach(problem -> problems.add("In the guest's stream, " + problem + "."));
        GuestCheck stream = checks.getOrDefault("stream", new GuestCheck("stream", 0, 0, Map.of()));
        unless(
                !finished || heard.records() >= stream.rounds(),
                "The guest's stream was " + stream.rounds() + " records long, " + heard.records() + " came.",
                problems);
        unless(
                !finished || heard.connections() == heard.ended(),
                "Of " + heard.connections() + " connections of the guest " + heard.ended()
                        + " came to an end in order.",
                problems);
        figures.put("stream_records", (double) heard.records());
    }

    /** Errors of a check that the VMM makes, grafted or not. */
    private long excused(GuestCheck check) {
        return switch (check.name()) {
            case "ticks" -> clockIsStopped() ? check.errors() : 0;
            case "clocks" -> clockIsSetBack() ? check.figure("clock_back") : 0;
            default -> 0;
        };
    }

    /**
     * A VM that goes on after it was stopped has its kvmclock set back. Programs in the guest read vCPU 0's page of it
     * (vread_pvclock, arch/x86/include/asm/vdso/gettimeofday.h), whichever vCPU they are on: until vCPU 0 runs again, they
     * see the clock from before. Shown without a graft: 200 stops with vCPU 0 at nice 19 gave 26,201 errors, of 88 ms.
     */
    private boolean clockIsSetBack() {
        return switch (each.disturbance()) {
            // FAULTS has a debugger that stops the VM to attach, MIGRATION goes on in another process.
            case STOPS, PAUSED, FAULTS, MIGRATION -> true;
            case NONE, UNLOAD, COMMANDS, RESET, REBOOT, POWERDOWN, HOTPLUG, SNAPSHOT, LIBVIRT -> false;
        };
    }

    /**
     * QEMU stops the guest's clock while the VM is stopped. When it sets it again, the guest's timers may find it behind what
     * was read before: seen, too, where nothing was grafted.
     */
    private boolean clockIsStopped() {
        return each.disturbance() == Disturbance.STOPS;
    }

    private String notes(GuestCheck check) {
        return heartbeat.notes().stream()
                .filter(note -> note.startsWith("note " + check.name() + ": "))
                .filter(note -> !note.contains("the kernel's clock is"))
                .map(note -> note.substring("note ".length()))
                .limit(3)
                .reduce((left, right) -> left + "; " + right)
                .orElse("it did not say which");
    }

    private static void unless(boolean well, String problem, List<String> problems) {
        if (!well) {
            problems.add(problem);
        }
    }

    @Override
    public void close() {
        heartbeat.close();
        echo.ifPresent(StreamEcho::close);
    }
}
