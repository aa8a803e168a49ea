package io.twinhype.qemu;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Speaks QMP with one QEMU: negotiates, matches answers to commands by id, hands out events.
 *
 * <p>Waits are not cut short by an interrupt, which is kept for the caller: a command whose answer nobody waits for
 * is a command whose outcome nobody knows. They end with their time-out.
 */
public final class QmpSession implements AutoCloseable {
    /** Where a session is in its life; it only ever moves forward. */
    public enum State {
        /** Connected; QEMU's greeting or its consent is still to come. */
        NEGOTIATING,
        /** Commands may be sent. */
        READY,
        /** The connection is gone. */
        CLOSED
    }

    private static final String NEGOTIATION = "negotiation";

    private final String vm;
    private final QmpWire wire;
    private final Duration timeout;
    private final AtomicLong lastId = new AtomicLong();
    private final Map<String, CompletableFuture<JsonNode>> pending = new ConcurrentHashMap<>();
    private final List<EventQueue> queues = new CopyOnWriteArrayList<>();
    private final CompletableFuture<JsonNode> negotiated = new CompletableFuture<>();
    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private volatile State state = State.NEGOTIATING;

    private QmpSession(String vm, QmpWire wire, Duration timeout) {
        this.vm = vm;
        this.wire = wire;
        this.timeout = timeout;
    }

    /**
     * Connects to the monitor socket of the VM's QEMU and negotiates.
     *
     * @param vm what the VM is called in messages
     * @param timeout how long a command may take unless it says otherwise
     * @throws IOException if nothing listens on the socket (yet)
     * @throws QemuException.OutcomeUnknown if something listens but does not greet as QMP does
     */
    public static QmpSession open(String vm, Path socket, Duration timeout)
            throws IOException, QemuException.OutcomeUnknown {
        var session = new QmpSession(vm, QmpWire.connect(socket), timeout);
        session.pending.put(NEGOTIATION, session.negotiated);
        Thread.ofPlatform().daemon().name("qmp " + vm).start(session::readUntilClosed);
        try {
            session.await("the QMP greeting", session.negotiated, timeout);
        } catch (QemuException.Rejected refused) {
            session.close();
            throw new QemuException.OutcomeUnknown("QEMU of " + vm + " would not negotiate QMP", refused);
        } catch (QemuException.OutcomeUnknown silent) {
            session.close();
            throw silent;
        }
        return session;
    }

    /** Returns where the session is in its life. */
    public State state() {
        return state;
    }

    /** Returns the VM this session's QEMU belongs to, as given to {@link #open}. */
    public String vm() {
        return vm;
    }

    /** Sends a command without arguments and waits for its answer. */
    public JsonNode execute(String command) throws QemuException.Rejected, QemuException.OutcomeUnknown {
        return execute(command, QmpWire.JSON.createObjectNode());
    }

    /** Sends a command and waits for its answer, for as long as the session's time-out. */
    public JsonNode execute(String command, ObjectNode arguments)
            throws QemuException.Rejected, QemuException.OutcomeUnknown {
        String id = Long.toString(lastId.incrementAndGet());
        var answer = new CompletableFuture<JsonNode>();
        pending.put(id, answer);
        try {
            if (state == State.CLOSED) {
                throw lost(command);
            }
            send(command, arguments, id);
            return await(command, answer, timeout);
        } catch (IOException broken) {
            throw new QemuException.OutcomeUnknown(
                    "the connection to QEMU of " + vm + " broke while " + command + " was sent: " + broken.getMessage(),
                    broken);
        } finally {
            pending.remove(id);
        }
    }

    private void send(String command, ObjectNode arguments, String id) throws IOException {
        ObjectNode message = QmpWire.JSON.createObjectNode();
        message.put("execute", command).put("id", id);
        if (!arguments.isEmpty()) {
            message.set("arguments", arguments);
        }
        wire.write(message);
    }

    /** Starts to keep the named events; what came before is not among them. */
    public EventQueue subscribe(String... names) {
        var queue = new EventQueue(Set.of(names), queues::remove);
        queues.add(queue);
        // After adding: a connection that ends at this very moment is seen by one side or the other.
        if (state == State.CLOSED) {
            queue.end();
        }
        return queue;
    }

    /** Waits until the connection is gone and everything that came through it has been handed out. */
    public boolean awaitEnd(Duration patience) {
        return Waiting.until(ended, patience);
    }

    private JsonNode await(String command, CompletableFuture<JsonNode> answer, Duration patience)
            throws QemuException.Rejected, QemuException.OutcomeUnknown {
        try {
            return Waiting.get(answer, patience);
        } catch (TimeoutException silent) {
            throw new QemuException.OutcomeUnknown(
                    "QEMU of " + vm + " did not answer " + command + " within " + patience.toSeconds() + " s", silent);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof Refusal refusal) {
                throw new QemuException.Rejected(vm, command, refusal.reason);
            }
            throw lost(command);
        }
    }

    private QemuException.OutcomeUnknown lost(String command) {
        return new QemuException.OutcomeUnknown("the connection to QEMU of " + vm + " was lost before it answered "
                + command + " (" + ended.getNow("closed") + ")");
    }

    private void readUntilClosed() {
        String reason = "QEMU closed it";
        try (wire) {
            for (Optional<JsonNode> message = wire.read(); message.isPresent(); message = wire.read()) {
                accept(message.get());
            }
        } catch (IOException broken) {
            reason = String.valueOf(broken.getMessage());
        }
        state = State.CLOSED;
        ended.complete(reason);
        queues.forEach(EventQueue::end);
        pending.values().forEach(answer -> answer.completeExceptionally(new IOException("lost")));
    }

    private void accept(JsonNode message) throws IOException {
        if (message.has("event")) {
            JsonNode data = message.path("data");
            var event = new QmpEvent(
                    message.path("event").asString(),
                    data.isMissingNode() ? QmpWire.JSON.createObjectNode() : data,
                    System.nanoTime());
            queues.forEach(queue -> queue.offer(event));
        } else if (message.has("QMP")) {
            send("qmp_capabilities", QmpWire.JSON.createObjectNode(), NEGOTIATION);
        } else {
            CompletableFuture<JsonNode> answer = pending.get(message.path("id").asString(""));
            if (answer == null) {
                // The answer to a command that was given up.
                return;
            }
            if (message.has("error")) {
                answer.completeExceptionally(
                        new Refusal(message.path("error").path("desc").asString("no reason given")));
                return;
            }
            if (answer == negotiated) {
                state = State.READY;
            }
            answer.complete(message.path("return"));
        }
    }

    @Override
    public void close() {
        try {
            wire.close();
        } catch (IOException alreadyGone) {
            // The reader thread notices the same and closes the session.
            return;
        }
    }

    /** QEMU's error object on its way from the reader thread to the waiting one. */
    private static final class Refusal extends Exception {
        final String reason;

        Refusal(String reason) {
            super(reason);
            this.reason = reason;
        }
    }
}
