package io.twinhype.demo;

import io.twinhype.demo.DemoReport.GraftParts;
import io.twinhype.demo.DemoReport.MigrationRow;
import io.twinhype.demo.Guests.Guest;
import io.twinhype.engine.EngineException;
import io.twinhype.engine.Host;
import io.twinhype.engine.Hypervisor;
import io.twinhype.engine.MigrationResult;
import java.time.Duration;
import java.util.Optional;

/** Moves guests and measures what they noticed. */
final class Mover {
    private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(30);

    private final Host host;

    Mover(Host host) {
        this.host = host;
    }

    /** A migration that took place: its row, and how long it took from the order to the confirmation, in milliseconds. */
    record Moved(MigrationRow row, double totalMillis) {}

    /** A migration that did not take place. */
    static final class NotMovedException extends Exception {
        private final transient MigrationRow row;

        NotMovedException(MigrationRow row, String message, Throwable cause) {
            super(message, cause);
            this.row = row;
        }

        /** The row of the attempt. */
        MigrationRow row() {
            return row;
        }
    }

    Moved move(Guest guest, Hypervisor to, DemoMethod method, DemoFault fault) throws DemoException, NotMovedException {
        String from = guest.vm().hypervisor().name();
        long start = System.nanoTime();
        MigrationResult result;
        try {
            result = switch (fault) {
                case NONE, GUEST_DOES_NOT_BOOT, BUILD_DOES_NOT_LOAD -> host.migrate(guest.vm(), to, method.options());
                case DESTINATION_DIES, GRAFT_FAILS -> host.rehearseFailure(guest.vm(), to, method.options());
            };
        } catch (EngineException e) {
            String lives = guest.heartbeat().awaitBeatAfter(System.nanoTime(), SIGN_OF_LIFE)
                    ? "its heartbeat goes on on hypervisor "
                            + guest.vm().hypervisor().name()
                    : "its heartbeat has stopped";
            String sentence = e.getMessage() + "; " + lives;
            double silence = Milliseconds.of(guest.heartbeat().pauseWithin(start, System.nanoTime()));
            throw new NotMovedException(
                    new MigrationRow(
                            guest.name(),
                            from,
                            to.name(),
                            method.label(),
                            silence,
                            MigrationRow.UNKNOWN,
                            MigrationRow.UNKNOWN,
                            MigrationRow.UNKNOWN,
                            sentence,
                            Optional.empty()),
                    sentence,
                    e);
        }
        if (!guest.heartbeat().awaitBeatAfter(result.endNanos(), SIGN_OF_LIFE)) {
            throw new DemoException("Guest " + guest.name() + " was moved to hypervisor " + to.name()
                    + " and has not been heard of since, for " + SIGN_OF_LIFE.toSeconds() + " s.");
        }
        double pause = Milliseconds.of(guest.heartbeat().pauseWithin(result.startNanos(), result.endNanos()));
        MigrationRow row = new MigrationRow(
                guest.name(),
                from,
                to.name(),
                method.label(),
                pause,
                result.qemuDowntimeMillis().orElse(MigrationRow.UNKNOWN),
                result.socketBytes().orElse(MigrationRow.UNKNOWN),
                result.networkBytes(),
                MigrationRow.COMPLETED,
                result.graft().map(GraftParts::of));
        return new Moved(row, (result.endNanos() - result.startNanos()) / 1e6);
    }
}
