package io.twinhype.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a session concludes from what QEMU says, and from what it does not. */
final class QmpSessionTests {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(200);

    @TempDir
    Path directory;

    private Path socket;

    @BeforeEach
    void name() {
        socket = directory.resolve("qmp");
    }

    @Test
    void negotiatesThenExecutes() throws Exception {
        try (var qemu = FakeMonitor.listen(socket, monitor -> {
                    monitor.negotiate();
                    monitor.answer(monitor.hear(), "{\"status\": \"running\", \"running\": true}");
                });
                var monitor = new QemuMonitor(QmpSession.open("web1", socket, LONG))) {
            assertThat(qemu).isNotNull();
            assertThat(monitor.session().state()).isEqualTo(QmpSession.State.READY);
            assertThat(monitor.status()).isEqualTo(new RunState("running", true));
        }
    }

    @Test
    void anErrorIsARejection() throws Exception {
        try (var _ = FakeMonitor.listen(socket, monitor -> {
                    monitor.negotiate();
                    monitor.say("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such luck\"}, \"id\": \""
                            + FakeMonitor.id(monitor.hear()) + "\"}");
                    monitor.hear();
                });
                var session = QmpSession.open("web1", socket, LONG)) {
            assertThatThrownBy(() -> session.execute("cont"))
                    .isInstanceOf(QemuException.Rejected.class)
                    .hasMessage("QEMU of web1 rejected cont: no such luck");
        }
    }

    @Test
    void aLostConnectionLeavesTheOutcomeUnknown() throws Exception {
        try (var _ = FakeMonitor.listen(socket, monitor -> {
                    monitor.negotiate();
                    monitor.hear();
                });
                var session = QmpSession.open("web1", socket, LONG)) {
            assertThatThrownBy(() -> session.execute("cont"))
                    .isInstanceOf(QemuException.OutcomeUnknown.class)
                    .hasMessageContaining("lost before it answered cont");
            assertThat(session.state()).isEqualTo(QmpSession.State.CLOSED);
            assertThatThrownBy(() -> session.execute("query-status")).isInstanceOf(QemuException.OutcomeUnknown.class);
        }
    }

    @Test
    void silenceLeavesTheOutcomeUnknownAndALateAnswerBelongsToNobody() throws Exception {
        try (var _ = FakeMonitor.listen(socket, monitor -> {
                    monitor.negotiate();
                    String late = monitor.hear();
                    String next = monitor.hear();
                    monitor.answer(late, "{\"status\": \"wrong\", \"running\": true}");
                    monitor.answer(next, "{\"status\": \"right\", \"running\": false}");
                    monitor.hear();
                });
                var monitor = new QemuMonitor(QmpSession.open("web1", socket, SHORT))) {
            assertThatThrownBy(monitor::cont)
                    .isInstanceOf(QemuException.OutcomeUnknown.class)
                    .hasMessageContaining("did not answer cont");
            assertThat(monitor.status()).isEqualTo(new RunState("right", false));
        }
    }

    @Test
    void eventsAreKeptUntilTakenEvenAfterTheConnectionEnded() throws Exception {
        try (var _ = FakeMonitor.listen(socket, monitor -> {
                    monitor.negotiate();
                    monitor.hear();
                    monitor.say("{\"event\": \"STOP\", \"timestamp\": {}}");
                    monitor.say("{\"event\": \"OTHER\", \"data\": {}, \"timestamp\": {}}");
                    monitor.say("{\"event\": \"MIGRATION\", \"data\": {\"status\": \"completed\"}, \"timestamp\": {}}");
                });
                var session = QmpSession.open("web1", socket, LONG);
                EventQueue events = session.subscribe("STOP", "MIGRATION")) {
            assertThatThrownBy(() -> session.execute("migrate")).isInstanceOf(QemuException.OutcomeUnknown.class);
            assertThat(session.awaitEnd(LONG)).isTrue();

            assertThat(events.next(LONG).map(QmpEvent::name)).contains("STOP");
            Optional<QmpEvent> migration = events.next(LONG);
            assertThat(migration.map(event -> event.data().path("status").asString()))
                    .contains("completed");
            assertThat(events.next(LONG)).isEmpty();
            assertThat(events.ended()).isTrue();
        }
    }

    @Test
    void waitingForAnEventEndsWithItsTime() throws Exception {
        try (var _ = FakeMonitor.listen(socket, monitor -> {
                    monitor.negotiate();
                    monitor.hear();
                });
                var session = QmpSession.open("web1", socket, LONG);
                EventQueue events = session.subscribe("STOP")) {
            assertThat(events.next(SHORT)).isEmpty();
            assertThat(events.ended()).isFalse();
        }
    }

    @Test
    void anInterruptIsKeptAndDoesNotCostTheConnection() throws Exception {
        try (var _ = FakeMonitor.listen(socket, monitor -> {
                    monitor.negotiate();
                    monitor.answer(monitor.hear(), "{}");
                    monitor.answer(monitor.hear(), "{}");
                });
                var session = QmpSession.open("web1", socket, LONG)) {
            Thread.currentThread().interrupt();
            session.execute("cont");
            assertThat(Thread.interrupted()).as("the interrupt was kept").isTrue();
            session.execute("cont");
        }
    }

    @Test
    void whatDoesNotSpeakQmpIsNoSession() throws Exception {
        try (var _ = FakeMonitor.listen(socket, monitor -> monitor.say("220 smtp ready"))) {
            assertThatThrownBy(() -> QmpSession.open("web1", socket, LONG))
                    .isInstanceOf(QemuException.OutcomeUnknown.class)
                    .hasMessageContaining("not JSON");
        }
    }

    @Test
    void nobodyListening() {
        assertThatThrownBy(() -> QmpSession.open("web1", socket, LONG)).isInstanceOf(IOException.class);
    }

    @Test
    void theWholeStreamIsReckonedFromRateAndTime() {
        MigrationInfo info = QemuMonitor.parseMigration(QmpWire.JSON.readTree("""
                {"status": "completed", "downtime": 6, "total-time": 8, "setup-time": 2,
                 "ram": {"transferred": 206005, "mbps": 549.836}}"""));

        assertThat(info.status()).isEqualTo(MigrationStatus.COMPLETED);
        assertThat(info.downtimeMillis()).hasValue(6);
        assertThat(info.ramBytes()).isEqualTo(206005);
        assertThat(info.streamBytes()).hasValue(412377);
        assertThat(info.error()).isEmpty();
    }

    @Test
    void theVersionNamesThePackageIfThereIsOne() {
        assertThat(QemuMonitor.parseVersion(QmpWire.JSON.readTree("""
                {"qemu": {"micro": 13, "minor": 0, "major": 10}, "package": "Debian 1:10.0.13"}"""))).isEqualTo("10.0.13 (Debian 1:10.0.13)");
        assertThat(QemuMonitor.parseVersion(QmpWire.JSON.readTree("""
                {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}"""))).isEqualTo("7.2.22");
    }

    @Test
    void aStreamTooFastToTimeHasNoLength() {
        MigrationInfo info = QemuMonitor.parseMigration(QmpWire.JSON.readTree("""
                {"status": "completed", "downtime": 0, "total-time": 1, "setup-time": 1, "ram": {"mbps": 0}}"""));

        assertThat(info.streamBytes()).isEmpty();
    }

    @Test
    void statesAreKnownByQemusNames() {
        assertThat(MigrationStatus.named("pre-switchover")).isEqualTo(MigrationStatus.PRE_SWITCHOVER);
        assertThat(MigrationStatus.named("from-the-future")).isEqualTo(MigrationStatus.OTHER);
        assertThat(MigrationStatus.FAILED.terminal()).isTrue();
        assertThat(MigrationStatus.DEVICE.terminal()).isFalse();
    }
}
