package io.twinhype.demo;

import io.twinhype.demo.DemoReport.ComparisonRow;
import io.twinhype.demo.DemoReport.GuestRow;
import io.twinhype.demo.DemoReport.HypervisorRow;
import io.twinhype.demo.DemoReport.MigrationRow;
import io.twinhype.demo.ExperimentPlan.Build;
import io.twinhype.demo.ExperimentPlan.Slot;
import io.twinhype.demo.Guests.Guest;
import io.twinhype.demo.Mover.NotMovedException;
import io.twinhype.engine.EngineException;
import io.twinhype.engine.Host;
import io.twinhype.engine.HostSettings;
import io.twinhype.engine.Hypervisor;
import io.twinhype.engine.Hypervisors;
import io.twinhype.engine.LoadedHypervisor;
import io.twinhype.guest.GuestException;
import io.twinhype.twin.Twin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The experiment of "TwinHype: A Novel Approach to Reduce Cloud Downtime" (Lu, Gao, Xiao; NDSS 2016 poster), in the lab:
 * VM1 and VM2 on hypervisor A, VM3 and VM4 on B; A is emptied onto B and patched, everything moves to A, B is patched, and
 * VM3 and VM4 go home.
 */
final class Experiment {
    private static final List<String> ON_A = List.of("vm1", "vm2");
    private static final List<String> ON_B = List.of("vm3", "vm4");

    private final ExperimentPlan plan;
    private final Path directory;
    private final Path logs;
    private final Narrator narrator;
    private final List<String> problems = new ArrayList<>();
    private final List<MigrationRow> migrations = new ArrayList<>();
    private final List<GuestRow> guestRows = new ArrayList<>();
    private final Map<Twin, LoadedHypervisor> before = new EnumMap<>(Twin.class);
    private final Map<Twin, LoadedHypervisor> after = new EnumMap<>(Twin.class);
    private final Map<Twin, Long> emptied = new EnumMap<>(Twin.class);
    private final List<ComparisonRow> comparisons = new ArrayList<>();
    private final Map<String, String> environment = new TreeMap<>();

    /**
     * @param directory for sockets, logs and disks; its path must be short enough for UNIX sockets
     * @param logs where the guests' logs are kept if something goes wrong
     */
    Experiment(ExperimentPlan plan, Path directory, Path logs, Narrator narrator) {
        this.plan = plan;
        this.directory = directory;
        this.logs = logs;
        this.narrator = narrator;
    }

    /** Does all of it. What goes wrong is in the outcome; the guests are ended and heard to their end in any case. */
    ExperimentOutcome run() throws InterruptedException {
        environment.put("labKernel", System.getProperty("os.version"));
        environment.put("labCpus", String.valueOf(Runtime.getRuntime().availableProcessors()));
        Hypervisors modules = new Hypervisors();
        try {
            for (Twin twin : Twin.values()) {
                long start = System.nanoTime();
                before.put(
                        twin,
                        expect(modules.inspect(twin), plan.slot(twin.name()).before()));
                narrator.doneSince(start, "Hypervisor " + twin + ": its build checked, a canary guest run on it");
            }
            try (Host host = Host.open(HostSettings.temporary(directory).withGraftLibrary(plan.graftLibrary()));
                    Guests guests = new Guests(plan, host, directory)) {
                onHost(modules, host, guests);
            }
            long start = System.nanoTime();
            modules.unloadAll();
            narrator.doneSince(start, "Unloaded A, B and the base");
        } catch (DemoException | EngineException | GuestException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        ExperimentOutcome outcome = new ExperimentOutcome(
                problems, migrations, hypervisorRows(), guestRows, narrator.steps(), comparisons, environment);
        if (!problems.isEmpty() || !Verdict.problems(outcome).isEmpty()) {
            GuestLogs.keep(directory, logs, narrator);
        }
        return outcome;
    }

    private void onHost(Hypervisors modules, Host host, Guests guests)
            throws DemoException, EngineException, GuestException, InterruptedException {
        startGuests(guests);
        try {
            paper(modules, host, guests);
        } catch (NotMovedException e) {
            problems.add(String.valueOf(e.getMessage()));
            migrations.add(e.row());
        } catch (DemoException | EngineException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        for (Guest guest : guests.all()) {
            finish(guests, guest);
        }
        narrator.say("Guests ended");
        if (problems.isEmpty() && !plan.comparison().isEmpty()) {
            new Comparison(plan, host, guests, narrator).run(comparisons);
        }
    }

    /** One guest's silence must not keep the others from being heard. */
    private void finish(Guests guests, Guest guest) throws EngineException {
        String sawFix = "unknown";
        try {
            sawFix = Guests.lookAtFix(guest);
        } catch (DemoException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        guestRows.add(guests.finish(guest, sawFix));
    }

    private void startGuests(Guests guests) throws DemoException, EngineException, GuestException {
        List<Guests.Starting> starting = new ArrayList<>();
        long start = System.nanoTime();
        Path initramfs = plan.fault() == DemoFault.GUEST_DOES_NOT_BOOT ? damaged(plan.initramfs()) : plan.initramfs();
        for (String name : ON_A) {
            starting.add(guests.start(name, Guests.MEMORY_MEBIBYTES, Hypervisor.of(Twin.A), initramfs));
            initramfs = plan.initramfs();
        }
        for (String name : ON_B) {
            starting.add(guests.start(name, Guests.MEMORY_MEBIBYTES, Hypervisor.of(Twin.B), initramfs));
        }
        narrator.doneSince(start, "Started vm1, vm2 on A and vm3, vm4 on B");
        start = System.nanoTime();
        for (Guests.Starting each : starting) {
            each.await();
        }
        narrator.doneSince(start, "All four guests have booted");
        guests.named("vm1").vm().qemuVersion().ifPresent(version -> environment.put("qemu", version));
    }

    /** The four steps. */
    private void paper(Hypervisors modules, Host host, Guests guests)
            throws DemoException, EngineException, NotMovedException, InterruptedException {
        Mover mover = new Mover(host);
        DemoFault fault = plan.fault();
        for (String name : ON_A) {
            move(mover, guests, name, Twin.B, fault);
            fault = DemoFault.NONE;
        }
        replace(modules, Twin.A);
        for (Guest guest : guests.all()) {
            move(mover, guests, guest.name(), Twin.A, fault);
        }
        replace(modules, Twin.B);
        for (String name : ON_B) {
            move(mover, guests, name, Twin.B, fault);
        }
    }

    private void move(Mover mover, Guests guests, String name, Twin to, DemoFault fault)
            throws DemoException, NotMovedException {
        long start = System.nanoTime();
        Guest guest = guests.named(name);
        String from = guest.vm().hypervisor().name();
        MigrationRow row =
                mover.move(guest, Hypervisor.of(to), plan.method(), fault).row();
        migrations.add(row);
        narrator.doneSince(
                start,
                String.format(
                        Locale.ROOT,
                        "%s: %s → %s by %s, silent for %.1f ms",
                        name,
                        from,
                        to,
                        plan.method().label(),
                        row.pauseMillis()));
    }

    private void replace(Hypervisors modules, Twin twin) throws DemoException, EngineException, InterruptedException {
        Slot slot = plan.slot(twin.name());
        long start = System.nanoTime();
        Path build = slot.after().module();
        if (twin == Twin.A && plan.fault() == DemoFault.BUILD_DOES_NOT_LOAD) {
            build = damaged(build);
        }
        emptied.put(twin, modules.users(twin));
        LoadedHypervisor loaded = modules.replace(twin, build, slot.before().module());
        after.put(twin, expect(loaded, slot.after()));
        narrator.doneSince(
                start, "Hypervisor " + twin + ": unloaded, the patched build loaded, a canary guest run on it");
    }

    /** The first half of a file, as a copy that was interrupted would leave it. */
    private Path damaged(Path file) throws DemoException {
        try {
            byte[] bytes = Files.readAllBytes(file);
            return Files.write(
                    directory.resolve("damaged-" + file.getFileName()), Arrays.copyOf(bytes, bytes.length / 2));
        } catch (IOException e) {
            throw new DemoException("The fault could not be prepared: " + e.getMessage() + ".", e);
        }
    }

    /** What is loaded must be the build that was meant. */
    private static LoadedHypervisor expect(LoadedHypervisor loaded, Build build) throws DemoException {
        if (!loaded.identity().equals(build.identity())) {
            throw new DemoException("Hypervisor " + loaded.twin() + " is loaded as build " + loaded.identity()
                    + ", but " + build.module() + " is build " + build.identity() + ".");
        }
        return loaded;
    }

    private List<HypervisorRow> hypervisorRows() {
        List<HypervisorRow> rows = new ArrayList<>();
        before.forEach((twin, old) -> {
            LoadedHypervisor now = after.getOrDefault(twin, old);
            rows.add(new HypervisorRow(
                    twin.name(),
                    twin.device().toString(),
                    old.identity(),
                    now.identity(),
                    old.canary().invlpgaTrapped(),
                    now.canary().invlpgaTrapped(),
                    emptied.getOrDefault(twin, MigrationRow.UNKNOWN)));
        });
        return rows;
    }
}
