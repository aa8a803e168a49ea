package io.twinhype.guest;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * Listens to the heartbeat of one guest. QEMU connects to the socket; while a VM moves, both its old and its new QEMU
 * are connected, so there are several connections and one record.
 */
public final class Heartbeat implements AutoCloseable {
    /** The name of the virtio-serial port the guest looks for. */
    public static final String PORT = "org.twinhype.heartbeat";

    private final String vm;
    private final Path socket;
    private final ServerSocketChannel server;
    private final BeatRecord record;
    private final List<SocketChannel> connections = new CopyOnWriteArrayList<>();

    private Heartbeat(String vm, Path socket, ServerSocketChannel server) {
        this.vm = vm;
        this.socket = socket;
        this.server = server;
        this.record = new BeatRecord(vm);
    }

    /** Starts to listen for the QEMU of a VM; must be done before that QEMU is started. */
    public static Heartbeat listen(String vm, Path socket) throws GuestException {
        try {
            Files.deleteIfExists(socket);
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket));
            var heartbeat = new Heartbeat(vm, socket, server);
            Thread.ofPlatform().daemon().name("heartbeat " + vm).start(heartbeat::accept);
            return heartbeat;
        } catch (IOException unusable) {
            throw new GuestException(
                    "cannot listen for the heartbeat of " + vm + " at " + socket + ": " + unusable.getMessage(),
                    unusable);
        }
    }

    /** Returns the socket to give to QEMU. */
    public Path socket() {
        return socket;
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel connection = server.accept();
                connections.add(connection);
                Thread.ofPlatform().daemon().name("heartbeat " + vm).start(() -> read(connection));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void read(SocketChannel connection) {
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        try (connection) {
            while (connection.read(buffer) >= 0) {
                buffer.flip();
                takeLines(buffer);
                buffer.compact();
                if (!buffer.hasRemaining()) {
                    record.accept(new BeatLine.Malformed("a line of more than " + buffer.capacity() + " bytes"));
                    buffer.clear();
                }
            }
        } catch (IOException closed) {
            // QEMU is gone, or this reader was closed; what was heard stays.
        } finally {
            connections.remove(connection);
        }
        if (buffer.position() > 0) {
            record.accept(new BeatLine.Malformed("a line cut off by the end of a connection"));
        }
    }

    private void takeLines(ByteBuffer buffer) {
        int start = buffer.position();
        for (int i = start; i < buffer.limit(); i++) {
            if (buffer.get(i) == '\n') {
                var line = new byte[i - start];
                buffer.get(start, line);
                // The guest begins with an empty one, in case a reset cut its last line off.
                if (line.length > 0) {
                    record.accept(BeatLine.parse(new String(line, StandardCharsets.US_ASCII)));
                }
                start = i + 1;
            }
        }
        buffer.position(start);
    }

    /** Waits until that many different beats have arrived; says whether they have. */
    public boolean awaitBeats(long beats, Duration timeout) {
        return await(() -> record.received() >= beats, timeout);
    }

    /** Waits until the guest has reported that many rounds of checks; says whether it has. */
    public boolean awaitChecks(long rounds, Duration timeout) {
        return await(() -> record.checks() >= rounds, timeout);
    }

    /** Waits for a beat that arrives after the given {@link System#nanoTime}; says whether one has. */
    public boolean awaitBeatAfter(long nanos, Duration timeout) {
        return await(() -> record.arrivedAfter(nanos), timeout);
    }

    /** Waits for the first reading of the guest's probe. */
    public Optional<ProbeReading> awaitProbe(Duration timeout) {
        await(() -> record.probe().isPresent(), timeout);
        return record.probe();
    }

    /**
     * Waits for a reading of the guest's probe whose report arrives after the given {@link System#nanoTime}. One that was
     * made just before may be reported just after: to be sure of a change, wait for the second.
     *
     * @return the reading, or nothing if none came in time
     */
    public Optional<ProbeReading> awaitProbeAfter(long nanos, Duration timeout) {
        await(
                () -> record.probe()
                        .filter(reading -> reading.atNanos() - nanos > 0)
                        .isPresent(),
                timeout);
        return record.probe().filter(reading -> reading.atNanos() - nanos > 0);
    }

    /** Returns what the guest last said in words, empty if nothing. */
    public String lastNote() {
        return record.lastNote();
    }

    /** Returns what the guest has said in words, oldest first; no more than the first thousand. */
    public List<String> notes() {
        return record.notes();
    }

    /** Returns how each of the guest's further checks stands, by name; the last word of each once the guest is finished. */
    public Map<String, GuestCheck> checks() {
        return record.standing();
    }

    /** Returns how often the guest has begun, 1 after its first boot. All else that is told of a guest is of its last life. */
    public int lives() {
        return record.lives();
    }

    /** Waits until the guest has begun that often; says whether it has. */
    public boolean awaitLives(int lives, Duration timeout) {
        return await(() -> record.lives() >= lives, timeout);
    }

    /** Waits until one of the further checks stands as wanted; says whether it does. */
    public boolean awaitCheck(String name, Predicate<GuestCheck> wanted, Duration timeout) {
        return await(
                () -> Optional.ofNullable(record.standing().get(name))
                        .filter(wanted)
                        .isPresent(),
                timeout);
    }

    /**
     * Returns how much further the guest's CLOCK_MONOTONIC went, from its first beats to its last, than this machine's did
     * from the ones' arrival to the others'; below zero if it lost time. The beats that arrived fastest count.
     */
    public Duration clockAhead() {
        return record.clockAhead();
    }

    /**
     * Returns the longest silence of which some part lies in the window, given in {@link System#nanoTime}. A silence that
     * still lasts counts up to now: wait for a beat after the window first.
     */
    public Duration pauseWithin(long startNanos, long endNanos) {
        return record.pauseWithin(startNanos, endNanos);
    }

    /** Returns what was heard so far. */
    public HeartbeatSummary summary() {
        return record.summary();
    }

    /** Asks the guest to send no more beats and to say how many it sent; see {@link HeartbeatSummary#finished}. */
    public HeartbeatSummary stop(Duration timeout) {
        return ask("stop\n", timeout);
    }

    /** Like {@link #stop}, and lets the guest power its machine off. */
    public HeartbeatSummary powerOff(Duration timeout) {
        return ask("poweroff\n", timeout);
    }

    /** Like {@link #stop}, and lets the guest boot again: it begins another life. */
    public HeartbeatSummary reboot(Duration timeout) {
        return ask("reboot\n", timeout);
    }

    private HeartbeatSummary ask(String line, Duration timeout) {
        for (SocketChannel connection : connections) {
            try {
                connection.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII)));
            } catch (IOException gone) {
                // The connection of a QEMU that has just ended: its reader takes it off the list.
            }
        }
        await(record::finished, timeout);
        return record.summary();
    }

    private boolean await(BooleanSupplier condition, Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        boolean interrupted = false;
        synchronized (record) {
            while (!condition.getAsBoolean() && !interrupted) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                try {
                    record.wait(left / 1_000_000, (int) (left % 1_000_000));
                } catch (InterruptedException now) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return condition.getAsBoolean();
    }

    @Override
    public void close() {
        try {
            server.close();
            for (SocketChannel connection : connections) {
                connection.close();
            }
            Files.deleteIfExists(socket);
        } catch (IOException late) {
            // Nothing depends on it: the descriptors go with the process, and the socket is replaced by the next one.
            connections.clear();
        }
    }
}
