package io.twinhype.qemu;

import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The commands TwinHype gives to a QEMU, typed. Each throws what {@link QmpSession#execute} throws. */
public final class QemuMonitor implements AutoCloseable {
    private final QmpSession session;

    /** Gives commands through a session, which it owns. */
    public QemuMonitor(QmpSession session) {
        this.session = session;
    }

    /** Returns the session underneath, for events. */
    public QmpSession session() {
        return session;
    }

    /** Asks what the VM is doing. */
    public RunState status() throws QemuException.Rejected, QemuException.OutcomeUnknown {
        JsonNode status = session.execute("query-status");
        return new RunState(
                status.path("status").asString(""), status.path("running").asBoolean(false));
    }

    /** Asks for QEMU's version and, in parentheses, its package, such as "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)". */
    public String version() throws QemuException.Rejected, QemuException.OutcomeUnknown {
        return parseVersion(session.execute("query-version"));
    }

    static String parseVersion(JsonNode answer) {
        JsonNode number = answer.path("qemu");
        String version = number.path("major").asInt(0) + "."
                + number.path("minor").asInt(0) + "." + number.path("micro").asInt(0);
        String built = answer.path("package").asString("");
        return built.isEmpty() ? version : version + " (" + built + ")";
    }

    /** Lets the vCPUs run, taking the disks first if they had been handed over. */
    public void cont() throws QemuException.Rejected, QemuException.OutcomeUnknown {
        session.execute("cont");
    }

    /** Stops the vCPUs. */
    public void stop() throws QemuException.Rejected, QemuException.OutcomeUnknown {
        session.execute("stop");
    }

    /** Ends QEMU, without asking the guest. */
    public void quit() throws QemuException.Rejected, QemuException.OutcomeUnknown {
        session.execute("quit");
    }

    /** Switches the given migration capabilities on and all others TwinHype knows of off. */
    public void capabilities(Set<MigrationCapability> on) throws QemuException.Rejected, QemuException.OutcomeUnknown {
        ObjectNode arguments = QmpWire.JSON.createObjectNode();
        ArrayNode list = arguments.putArray("capabilities");
        for (MigrationCapability capability : MigrationCapability.values()) {
            list.addObject().put("capability", capability.qapiName()).put("state", on.contains(capability));
        }
        session.execute("migrate-set-capabilities", arguments);
    }

    /** Sets how migrations from here may behave. */
    public void parameters(MigrationParameters parameters) throws QemuException.Rejected, QemuException.OutcomeUnknown {
        session.execute(
                "migrate-set-parameters",
                QmpWire.JSON
                        .createObjectNode()
                        .put("max-bandwidth", parameters.bytesPerSecond())
                        .put("downtime-limit", parameters.downtimeLimitMillis()));
    }

    /** Starts to listen for a migration, in a QEMU that was started to wait for one. */
    public void migrateIncoming(String uri) throws QemuException.Rejected, QemuException.OutcomeUnknown {
        session.execute("migrate-incoming", QmpWire.JSON.createObjectNode().put("uri", uri));
    }

    /** Starts to migrate to whoever listens at the address; returns at once. */
    public void migrate(String uri) throws QemuException.Rejected, QemuException.OutcomeUnknown {
        session.execute("migrate", QmpWire.JSON.createObjectNode().put("uri", uri));
    }

    /** Lets a migration that waits in a state go on from it. */
    public void migrateContinue(MigrationStatus from) throws QemuException.Rejected, QemuException.OutcomeUnknown {
        session.execute(
                "migrate-continue",
                QmpWire.JSON
                        .createObjectNode()
                        .put("state", from.name().toLowerCase(Locale.ROOT).replace('_', '-')));
    }

    /** Gives the current migration up; no error if there is none. */
    public void migrateCancel() throws QemuException.Rejected, QemuException.OutcomeUnknown {
        session.execute("migrate_cancel");
    }

    /** Returns the port at which a destination listens that was told to take any ({@code tcp:ADDRESS:0}). */
    public int incomingPort() throws QemuException.Rejected, QemuException.OutcomeUnknown {
        JsonNode address =
                session.execute("query-migrate").path("socket-address").path(0);
        try {
            return Integer.parseInt(address.path("port").asString(""));
        } catch (NumberFormatException absent) {
            throw new QemuException.Rejected(session.vm(), "query-migrate", "it does not say at which port it listens");
        }
    }

    /** Asks how the current or last migration stands. */
    public MigrationInfo migration() throws QemuException.Rejected, QemuException.OutcomeUnknown {
        return parseMigration(session.execute("query-migrate"));
    }

    static MigrationInfo parseMigration(JsonNode answer) {
        return new MigrationInfo(
                MigrationStatus.named(answer.path("status").asString("none")),
                answer.has("downtime") ? OptionalLong.of(answer.path("downtime").asLong()) : OptionalLong.empty(),
                answer.path("ram").path("transferred").asLong(0),
                streamBytes(answer),
                answer.path("error-desc").asString(""));
    }

    /**
     * QEMU (7.2, 10.0) does not report the length of the stream, but its rate over the whole of it, and the time
     * (migration_calculate_complete in migration/migration.c): {@code mbps = bytes * 8 / transferMillis / 1000}.
     */
    private static OptionalLong streamBytes(JsonNode answer) {
        long transferMillis =
                answer.path("total-time").asLong(0) - answer.path("setup-time").asLong(0);
        double megabits = answer.path("ram").path("mbps").asDouble(0);
        boolean completed = "completed".equals(answer.path("status").asString(""));
        return completed && transferMillis > 0 && megabits > 0
                ? OptionalLong.of(Math.round(megabits * transferMillis * 1000 / 8))
                : OptionalLong.empty();
    }

    @Override
    public void close() {
        session.close();
    }
}
