package io.twinhype.bench;

import io.twinhype.bench.MigrateOutcome.Move;
import io.twinhype.engine.EngineException;
import io.twinhype.engine.Host;
import io.twinhype.engine.Hypervisor;
import io.twinhype.engine.MigrationResult;
import io.twinhype.engine.Vm;
import io.twinhype.engine.VmDefinition;
import io.twinhype.graft.GraftResult;
import io.twinhype.guest.GuestException;
import io.twinhype.guest.Heartbeat;
import io.twinhype.guest.HeartbeatSummary;
import io.twinhype.twin.Twin;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** One guest, moved back and forth between A and B by each method in turn: what disturbs the machine disturbs all. */
final class MigrateTrial {
    private static final long DISK_BYTES = 16L << 20;
    private static final Duration BOOT_LIMIT = Duration.ofMinutes(5);
    private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(60);

    /** What is left of one move, such as the end of a process, shall not be in the next one's pause. */
    private static final int BEATS_BETWEEN = 20;

    private final MigratePlan plan;
    private final MigratePart part;
    private final MigrateGuest guest;
    private final String name;
    private final Host host;
    private final Path directory;
    private final MigrateOutcome.Collector collector;
    private final PrintStream out;
    private final Set<MigrateMethod> givenUp = EnumSet.noneOf(MigrateMethod.class);
    private Twin at = Twin.A;

    /** @param out told after every run */
    MigrateTrial(
            MigratePlan plan,
            MigratePart part,
            Host host,
            Path directory,
            MigrateOutcome.Collector collector,
            PrintStream out) {
        this.plan = plan;
        this.part = part;
        this.guest = part.guest();
        this.name = "m" + guest.memoryMebibytes() + "c" + guest.vcpus() + "d" + guest.dirtyMebibytes();
        this.host = host;
        this.directory = directory;
        this.collector = collector;
        this.out = out;
    }

    void run() throws InterruptedException {
        try (Heartbeat heartbeat = Heartbeat.listen(name, directory.resolve(name + ".beat"))) {
            Vm vm = host.start(definition(heartbeat), Hypervisor.of(at));
            try {
                if (heartbeat.awaitBeats(1, BOOT_LIMIT)) {
                    vm.qemuVersion().ifPresent(version -> collector.environment("qemu", version));
                    moveAll(vm, heartbeat);
                    judge(heartbeat.stop(SIGN_OF_LIFE));
                } else {
                    collector.problem("A guest with " + guest.describe() + " did not boot within "
                            + BOOT_LIMIT.toMinutes() + " minutes"
                            + vm.end().map(end -> "; its QEMU ended: " + end).orElse("") + ".");
                }
            } finally {
                host.stop(vm);
            }
        } catch (EngineException | GuestException | IOException failed) {
            collector.problem("A guest with " + guest.describe() + ": " + failed.getMessage() + ".");
        }
    }

    private VmDefinition definition(Heartbeat heartbeat) throws IOException {
        Path disk = directory.resolve(name + ".raw");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        String arguments = "console=ttyS0 quiet panic=-1 mitigations=off twinhype.beat_us=" + plan.beatMicros()
                + (guest.dirtyMebibytes() > 0 ? " twinhype.dirty_mib=" + guest.dirtyMebibytes() : "");
        return VmDefinition.linux(name, guest.memoryMebibytes(), plan.kernel(), plan.initramfs(), arguments)
                .withVcpus(guest.vcpus())
                .withDisk(disk)
                .withPort(Heartbeat.PORT, heartbeat.socket());
    }

    private void moveAll(Vm vm, Heartbeat heartbeat) throws EngineException, InterruptedException {
        settle(heartbeat);
        HeartbeatSummary before = heartbeat.summary();
        for (int run = 0; run < plan.runs(); run++) {
            StringBuilder line =
                    new StringBuilder(guest.describe() + ", run " + (run + 1) + " of " + plan.runs() + ":");
            for (MigrateMethod method : MigrateMethod.values()) {
                if (!givenUp.contains(method) && plan.hasTurn(part, method, run)) {
                    Move move = move(vm, heartbeat, method);
                    collector.move(move);
                    settle(heartbeat);
                    before = blame(before, heartbeat, guest.describe() + ", run " + (run + 1) + ", " + method.label());
                    line.append(
                            move.done()
                                    ? String.format(Locale.ROOT, " %s %.1f ms", method.label(), move.pauseMillis())
                                    : " " + method.label() + " failed");
                }
            }
            out.println(line);
        }
    }

    /** So that it is known which move did it. Returns what was heard so far: to sum it up takes a while. */
    private HeartbeatSummary blame(HeartbeatSummary before, Heartbeat heartbeat, String where) {
        HeartbeatSummary after = heartbeat.summary();
        long lost = after.lost() - before.lost();
        long doubled = after.doubled() - before.doubled();
        if (lost > 0 || doubled > 0) {
            String damage = where + ": " + lost + " beats were lost, " + doubled
                    + " came twice; the guest's last note: " + heartbeat.lastNote();
            collector.problem(damage);
            out.println(damage);
        }
        return after;
    }

    private void settle(Heartbeat heartbeat) throws InterruptedException {
        Thread.sleep(Duration.ofNanos(1000L * BEATS_BETWEEN * plan.beatMicros()));
        heartbeat.awaitBeatAfter(System.nanoTime(), SIGN_OF_LIFE);
    }

    private Move move(Vm vm, Heartbeat heartbeat, MigrateMethod method) throws EngineException {
        long begun = System.nanoTime();
        MigrationResult result;
        try {
            result = host.migrate(vm, Hypervisor.of(at.other()), method.options());
        } catch (EngineException.Refused | EngineException.NotMoved failed) {
            // A graft may find the guest in a bad moment; a copy that did not converge will not the next time either.
            if (method.copies()) {
                givenUp.add(method);
            }
            return new Move(guest, method, 0, 0, 0, 0, Map.of(), String.valueOf(failed.getMessage()));
        }
        at = at.other();
        if (!heartbeat.awaitBeatAfter(result.endNanos(), SIGN_OF_LIFE)) {
            throw new EngineException.NotMoved(
                    "it was moved by " + method.label() + " and has not been heard of since");
        }
        return new Move(
                guest,
                method,
                millis(heartbeat.pauseWithin(windowOpens(result), result.endNanos())),
                millis(heartbeat.pauseWithin(begun, result.endNanos())),
                (result.endNanos() - result.startNanos()) / 1e6,
                result.socketBytes().orElse(0),
                result.graft().map(MigrateTrial::parts).orElse(Map.of()),
                "");
    }

    /** Of a graft, when it had prepared; of the others, when the destination was ready and the source was told to begin. */
    private static long windowOpens(MigrationResult result) {
        return result.startNanos()
                + result.graft().map(parts -> parts.prepare().toNanos()).orElse(0L);
    }

    private static Map<String, Double> parts(GraftResult result) {
        Map<String, Double> parts = new LinkedHashMap<>();
        parts.put("prepare", millis(result.prepare()));
        parts.put("park", millis(result.park()));
        parts.put("detach", millis(result.detach()));
        parts.put("read", millis(result.read()));
        parts.put("write", millis(result.write()));
        parts.put("attach", millis(result.attach()));
        parts.put("switch", millis(result.exchange()));
        parts.put("release", millis(result.release()));
        parts.put(MigrateReport.PAUSE, millis(result.pause()));
        parts.put("teardown", millis(result.teardown()));
        return parts;
    }

    private static double millis(Duration duration) {
        return duration.toNanos() / 1e6;
    }

    private void judge(HeartbeatSummary heard) {
        long errors = heard.diskErrors() + heard.memoryErrors() + heard.clockErrors() + heard.malformed();
        if (!heard.finished() || heard.lost() + heard.doubled() + errors > 0) {
            collector.problem("The guest with " + guest.describe() + " came out damaged: " + heard + ".");
        }
    }
}
