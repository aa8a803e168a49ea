package io.twinhype.qemu;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Keeps the events of one subscription, in order, until they are taken: what happens between a command and the
 * wait for its event is not missed. Everything received before a connection ended can still be taken after it.
 */
public final class EventQueue implements AutoCloseable {
    private final Set<String> names;
    private final Consumer<EventQueue> unsubscribe;
    private final ArrayDeque<QmpEvent> events = new ArrayDeque<>();
    private boolean ended;

    EventQueue(Set<String> names, Consumer<EventQueue> unsubscribe) {
        this.names = names;
        this.unsubscribe = unsubscribe;
    }

    /**
     * Takes the next event, waiting for it.
     *
     * @return nothing if the time passed or the connection ended; {@link #ended()} tells which
     */
    public synchronized Optional<QmpEvent> next(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        boolean interrupted = false;
        while (events.isEmpty() && !ended) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                break;
            }
            try {
                wait(left / 1_000_000, (int) (left % 1_000_000));
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return Optional.ofNullable(events.poll());
    }

    /** Takes all events received so far without waiting. */
    public synchronized List<QmpEvent> drain() {
        var all = new ArrayList<>(events);
        events.clear();
        return all;
    }

    /** Says whether the connection is gone, so that no further event can come. */
    public synchronized boolean ended() {
        return ended;
    }

    synchronized void offer(QmpEvent event) {
        if (names.contains(event.name())) {
            events.add(event);
            notifyAll();
        }
    }

    synchronized void end() {
        ended = true;
        notifyAll();
    }

    @Override
    public void close() {
        unsubscribe.accept(this);
    }
}
