package io.twinhype.soak;

import io.twinhype.graft.Graft;
import io.twinhype.graft.GraftException;
import io.twinhype.graft.GraftFault;
import io.twinhype.graft.GraftResult;
import io.twinhype.graft.GraftState;
import io.twinhype.guest.GuestException;
import io.twinhype.qemu.QemuException;
import io.twinhype.soak.GraftCase.Boot;
import io.twinhype.soak.GraftCase.Disturbance;
import io.twinhype.twin.Twin;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** One case, in the lab: a VM, its grafts, and what came of them. */
final class GraftTrial {
    private static final Duration PARKING = Duration.ofSeconds(10);

    /** For a guest that boots in an emulated machine, disturbed. */
    private static final Duration BOOT = Duration.ofMinutes(4);

    /** Between two grafts: enough for the guest to do something on its new hypervisor. */
    private static final int REST_MILLIS = 60;

    /** Grafts after which what the VMM holds on to must not grow any more: until then caches fill. */
    private static final int WARM_UP = 3;

    /** What QEMU maps for the first time at any moment; a row of grafts is longer. */
    private static final int MAPPINGS_GROWTH = 64;

    /** An arena or two. Resident memory is no measure: pages of a heap that does not grow are touched at any moment. */
    private static final long DATA_GROWTH_KIB = 16 * 1024;

    /** Grafts within which each step must come. */
    private static final int STEP_ATTEMPTS = 8;
    /** How the steps are called that exchange files of statistics. */
    private static final String STATISTICS = ".stats";

    /** In a row of many: the module left behind is loaded anew each so many grafts. */
    private static final int RELOAD_EVERY = 50;

    private final GraftPlan plan;
    private final GraftCase each;
    private final Path directory;
    private final GraftModules modules;
    private final List<String> problems = new ArrayList<>();
    private final Map<String, Double> figures = new TreeMap<>();
    private final List<GraftResult> results = new ArrayList<>();
    private Twin at = Twin.A;
    private int refusals;
    private int faults;
    private int reloads;
    private int successorReferences;
    private String version = "unknown";

    /** @param directory an empty one with a short path, for UNIX sockets */
    GraftTrial(GraftPlan plan, GraftCase each, Path directory) {
        this.plan = plan;
        this.each = each;
        this.directory = directory;
        this.modules = new GraftModules(plan);
    }

    GraftOutcome run() throws InterruptedException {
        long start = System.nanoTime();
        Standstill standstill = Standstill.watch();
        try {
            GraftLaunch.prepare(each);
            GraftLaunch launch = new GraftLaunch(plan);
            try (GraftGuest guest = new GraftGuest(each, directory);
                    GraftVmm vmm = launch.start(each, guest, directory)) {
                if (each.disturbance() == Disturbance.MIGRATION) {
                    Path other = Files.createDirectory(directory.resolve("2"));
                    int before = modules.references(Twin.A);
                    try (GraftVmm successor =
                            launch.successor(each, guest, other, directory.resolve(GraftDisturber.SUCCESSOR))) {
                        successorReferences = modules.references(Twin.A) - before;
                        onVmm(guest, vmm, Optional.of(successor));
                    }
                } else {
                    onVmm(guest, vmm, Optional.empty());
                }
            }
        } catch (SoakException | GuestException | IOException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        unused();
        figures.put("reloads", (double) reloads);
        figures.put("lab_standstill_ms", standstill.end());
        return new GraftOutcome(
                each.name(),
                version,
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                String.valueOf(plan.library().getFileName()),
                results.size(),
                refusals,
                faults,
                problems,
                figures,
                Math.round((System.nanoTime() - start) / 1e8) / 10.0);
    }

    private void onVmm(GraftGuest guest, GraftVmm first, Optional<GraftVmm> successor)
            throws InterruptedException, GuestException, IOException, SoakException {
        GraftVmm vmm = first;
        try {
            version = version(vmm);
            Graft graft = Graft.of(vmm.pid());
            if (boot(guest, vmm, graft)) {
                vmm = series(guest, vmm, successor, graft);
                if (each.disturbance() != Disturbance.POWERDOWN) {
                    guest.expectAlive(problems, "After the last graft");
                }
            }
            if (refusals > results.size() && each.disturbance() == Disturbance.STOPS) {
                problems.add("Of " + (refusals + results.size()) + " grafts only " + results.size() + " were done.");
            }
            pauses();
        } catch (QemuException e) {
            problems.add(e.getMessage() + "; " + vmm.end());
        } catch (GraftException e) {
            problems.add(
                    "Graft " + (results.size() + 1) + " to " + at.other() + ": " + e.getMessage() + "; " + vmm.end());
        }
        if (!vmm.alive() && each.disturbance() != Disturbance.POWERDOWN) {
            problems.add("The VMM is gone: " + vmm.end() + ".");
        }
        guest.judge(guest.heartbeat().stop(GraftGuest.PATIENCE), problems, figures);
        if (vmm.alive()) {
            try {
                vmm.tell("quit");
            } catch (QemuException late) {
                // It ends by itself or is ended.
                problems.add("The VMM did not quit: " + late.getMessage());
            }
            vmm.awaitEnd(GraftGuest.PATIENCE);
        }
    }

    private static String version(GraftVmm vmm) throws QemuException {
        return vmm.tell("query-version").path("qemu").path("major").asInt(0) + "."
                + vmm.tell("query-version").path("qemu").path("minor").asInt(0);
    }

    /** Waits for the guest's program, with grafts meanwhile if the case is about that; says whether it came. */
    private boolean boot(GraftGuest guest, GraftVmm vmm, Graft graft)
            throws GraftException, IOException, SoakException, InterruptedException {
        long deadline = System.nanoTime() + BOOT.toNanos();
        boolean beats = false;
        while (!beats && vmm.alive() && System.nanoTime() < deadline) {
            if (each.boot() != Boot.RUNNING) {
                graft(graft);
            }
            beats = guest.heartbeat().awaitBeats(1, Duration.ofMillis(700));
        }
        if (!beats) {
            problems.add("The guest did not boot: " + vmm.end() + "; the end of its console is " + lastWords() + ".");
            return false;
        }
        figures.put("grafts_before_boot", (double) results.size());
        Optional<String> idle = guest.awaitSettled();
        idle.ifPresent(check -> problems.add("The guest's check " + check + " has not begun; the guest said "
                + guest.heartbeat().notes() + "."));
        return idle.isEmpty();
    }

    private String lastWords() {
        try {
            List<String> lines = Files.readAllLines(directory.resolve("console.log"), StandardCharsets.ISO_8859_1);
            return String.join(" | ", lines.subList(Math.max(0, lines.size() - 3), lines.size()));
        } catch (IOException e) {
            return "unreadable";
        }
    }

    /** Does the grafts; returns the process that the VM is in then. */
    private GraftVmm series(GraftGuest guest, GraftVmm vmm, Optional<GraftVmm> successor, Graft graft)
            throws GraftException, QemuException, GuestException, IOException, SoakException, InterruptedException {
        if (each.disturbance() == Disturbance.FAULTS) {
            vmm.monitor()
                    .execute(
                            "human-monitor-command",
                            GraftVmm.JSON
                                    .createObjectNode()
                                    .put(
                                            "command-line",
                                            "gdbserver unix:" + directory.resolve("gdb") + ",server,nowait"));
            try (GraftDebugger _ = GraftDebugger.attach(directory.resolve("gdb"))) {
                faults(guest, vmm, graft);
            }
            return vmm;
        }
        boolean paused = each.disturbance() == Disturbance.PAUSED;
        if (paused) {
            vmm.tell("stop");
        }
        Optional<GraftVmm.Holdings> before = Optional.empty();
        try (GraftDisturber disturber = GraftDisturber.start(each.disturbance(), guest, vmm, directory, successor)) {
            for (int i = 1; i <= each.grafts() && vmm.alive(); i++) {
                disturber.before(i);
                if (graft(graft) && !paused && !disturber.guestMayBeSilent()) {
                    runsOn(guest);
                }
                if (unloads(i)) {
                    modules.reload(at.other());
                    reloads++;
                }
                if (i == WARM_UP && disturber.holdingsAreSteady()) {
                    before = Optional.of(vmm.holdings(GraftLaunch.MEMORY_MEBIBYTES * 1024L));
                }
                Thread.sleep(REST_MILLIS);
            }
            if (before.isPresent() && vmm.alive()) {
                growth(before.get(), vmm.holdings(GraftLaunch.MEMORY_MEBIBYTES * 1024L));
            }
            disturber.finish(problems);
            if (paused) {
                vmm.tell("cont");
            }
            return disturber.inCharge();
        }
    }

    /** Whether the module that graft number i left behind is unloaded, and loaded again. */
    private boolean unloads(int i) {
        return switch (each.disturbance()) {
            case UNLOAD, LIBVIRT -> true;
            case NONE -> each.name().equals(GraftCases.ROW) && i % RELOAD_EVERY == 0;
            case PAUSED, FAULTS, COMMANDS, STOPS, RESET, REBOOT, POWERDOWN, HOTPLUG, SNAPSHOT, MIGRATION -> false;
        };
    }

    /** Each graft must leave nothing on the hypervisor it left. */
    private boolean graft(Graft graft) throws GraftException, IOException, SoakException, InterruptedException {
        try {
            results.add(graft.graft(at.other().device(), PARKING, Optional.empty()));
        } catch (GraftException.Refused refused) {
            if (each.disturbance() != Disturbance.MIGRATION) {
                throw refused;
            }
            refusals++;
            return false;
        } catch (GraftException.Failed failed) {
            // To stop a VM changes it, perhaps while it is built a second time: then it must go on where it was.
            if (each.disturbance() != Disturbance.STOPS) {
                throw failed;
            }
            refusals++;
            return false;
        } catch (GraftException.OutcomeUnknown | GraftException.Unreachable lost) {
            if (each.disturbance() == Disturbance.POWERDOWN) {
                return false;
            }
            throw lost;
        }
        Twin left = at;
        at = at.other();
        int references = modules.references(left) - (left == Twin.A ? successorReferences : 0);
        if (references > 0) {
            problems.add("After graft " + results.size() + " hypervisor " + left + " is still in use " + references
                    + " times.");
        }
        return true;
    }

    private void runsOn(GraftGuest guest) throws SoakException {
        if (!guest.heartbeat().awaitBeatAfter(System.nanoTime(), GraftGuest.PATIENCE)) {
            throw new SoakException("After graft " + results.size() + " to " + at + " the guest is silent.");
        }
    }

    private void faults(GraftGuest guest, GraftVmm vmm, Graft graft)
            throws GraftException, IOException, SoakException, InterruptedException {
        boolean statistics = vmm.keepsStatistics();
        List<String> steps = graft.steps().stream()
                .filter(step -> statistics || !step.endsWith(STATISTICS))
                .toList();
        if (steps.isEmpty()) {
            problems.add("The library names no step that could fail.");
        }
        for (int way = 0; way < 2; way++) {
            for (String step : steps) {
                fault(guest, graft, step);
            }
            graft(graft);
            runsOn(guest);
        }
        figures.put("steps", (double) steps.size());
    }

    /** A step that this moment's state does not need, such as a timer that is not set, may come at the next graft. */
    private void fault(GraftGuest guest, Graft graft, String step)
            throws GraftException, IOException, SoakException, InterruptedException {
        for (int attempt = 1; !fails(graft, step); attempt++) {
            if (attempt == STEP_ATTEMPTS) {
                problems.add("The step " + step + " was to fail, but " + attempt + " grafts were done without it.");
                break;
            }
            Thread.sleep(REST_MILLIS);
        }
        if (!guest.heartbeat().awaitBeatAfter(System.nanoTime(), GraftGuest.PATIENCE)) {
            throw new SoakException("After the step " + step + " failed the guest is silent.");
        }
    }

    /** Whether it did, and if so, left everything as it was. */
    private boolean fails(Graft graft, String step)
            throws GraftException, IOException, SoakException, InterruptedException {
        GraftState before = graft.show();
        try {
            results.add(graft.graft(at.other().device(), PARKING, Optional.of(GraftFault.at(step))));
            at = at.other();
            return false;
        } catch (GraftException.Failed failed) {
            faults++;
            if (!failed.step().equals(step)) {
                problems.add(
                        "The step " + step + " was to fail, but " + failed.step() + " did: " + failed.getMessage());
            }
        }
        GraftState after = graft.show();
        if (!after.device().equals(before.device())) {
            problems.add("After the step " + step + " failed the VM is on device " + after.device() + " instead of "
                    + before.device() + ".");
        }
        int references = modules.awaitUnused(at.other());
        if (references > 0) {
            problems.add("After the step " + step + " failed hypervisor " + at.other() + " is in use " + references
                    + " times.");
        }
        return true;
    }

    private void growth(GraftVmm.Holdings before, GraftVmm.Holdings after) {
        figures.put("descriptors_before", (double) before.descriptors());
        figures.put("descriptors_after", (double) after.descriptors());
        figures.put("mappings_before", (double) before.mappings());
        figures.put("mappings_after", (double) after.mappings());
        figures.put("data_growth_kib", (double) (after.dataKib() - before.dataKib()));
        figures.put("resident_growth_kib", (double) (after.resident() - before.resident()));
        if (after.descriptors() > before.descriptors()) {
            problems.add("The VMM's open descriptors grew from " + before.descriptors() + " to " + after.descriptors()
                    + ".");
        }
        if (after.mappings() > before.mappings() + MAPPINGS_GROWTH) {
            problems.add("The VMM's mappings grew from " + before.mappings() + " to " + after.mappings() + ".");
        }
        long data = after.dataKib() - before.dataKib();
        if (data > DATA_GROWTH_KIB) {
            problems.add("The VMM's private memory grew by " + data + " KiB; resident is now more of "
                    + before.grown(after) + ".");
        }
    }

    private void pauses() {
        figure("pause", GraftResult::pause);
        figure("park", GraftResult::park);
        figure("prepare", GraftResult::prepare);
        figure("teardown", GraftResult::teardown);
    }

    private interface Part {
        Duration of(GraftResult result);
    }

    private void figure(String name, Part part) {
        if (!results.isEmpty()) {
            double[] sorted = results.stream()
                    .mapToDouble(result -> part.of(result).toNanos() / 1e6)
                    .sorted()
                    .toArray();
            figures.put(name + "_median_ms", sorted[sorted.length / 2]);
            figures.put(name + "_max_ms", sorted[sorted.length - 1]);
        }
    }

    /** When the VMM is gone, neither hypervisor may be in use. */
    private void unused() throws InterruptedException {
        for (Twin twin : Twin.values()) {
            try {
                int references = modules.awaitUnused(twin);
                if (references > 0) {
                    problems.add("After the VMM's end hypervisor " + twin + " is in use " + references + " times.");
                }
            } catch (IOException | SoakException e) {
                problems.add(String.valueOf(e.getMessage()));
            }
        }
    }
}
