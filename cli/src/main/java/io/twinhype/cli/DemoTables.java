package io.twinhype.cli;

import io.twinhype.demo.DemoReport;
import io.twinhype.demo.DemoReport.ComparisonRow;
import io.twinhype.demo.DemoReport.GuestRow;
import io.twinhype.demo.DemoReport.HypervisorRow;
import io.twinhype.demo.DemoReport.MigrationRow;
import java.util.Locale;

/** The demo's report for people. */
final class DemoTables {
    private static final int SHORT_IDENTITY = 12;

    private DemoTables() {}

    static String of(DemoReport report) {
        StringBuilder text = new StringBuilder();
        text.append("Migrations (pause: longest silence of the guest's heartbeat, seen from outside)\n")
                .append(migrations(report));
        if (report.migrations().stream().anyMatch(row -> row.graft().isPresent())) {
            text.append("\nThe grafts' parts, ms (the guest runs while it is prepared and torn down)\n")
                    .append(parts(report));
        }
        text.append("\nHypervisors (fix: ")
                .append(report.fix())
                .append(")\n")
                .append(hypervisors(report))
                .append("\nGuests (never stopped, never restarted)\n")
                .append(guests(report));
        if (!report.comparisons().isEmpty()) {
            text.append("\nGraft, handoff and ordinary live migration over TCP, the same guest, in turn\n")
                    .append(comparisons(report));
        }
        text.append('\n');
        for (String problem : report.problems()) {
            text.append("PROBLEM: ").append(problem).append('\n');
        }
        return text.append(verdict(report)).append('\n').toString();
    }

    private static String verdict(DemoReport report) {
        if (!report.success()) {
            return String.format(Locale.ROOT, "The experiment did not succeed, after %.0f s.", report.totalSeconds());
        }
        double longest = report.migrations().stream()
                .mapToDouble(MigrationRow::pauseMillis)
                .max()
                .orElse(0);
        return String.format(
                Locale.ROOT,
                "Both hypervisors were patched under four running VMs, in %.0f s: no heartbeat was lost or doubled, the longest"
                        + " pause of a migration was %.0f ms.",
                report.totalSeconds(),
                longest);
    }

    private static Table migrations(DemoReport report) {
        Table table = new Table(
                "VM",
                "FROM",
                "TO",
                "METHOD",
                "PAUSE ms",
                "QEMU's FIGURE ms",
                "SOCKET bytes",
                "NETWORK bytes",
                "OUTCOME");
        for (MigrationRow row : report.migrations()) {
            table.row(
                    row.vm(),
                    row.from(),
                    row.to(),
                    row.method(),
                    row.pauseMillis(),
                    known(row.qemuDowntimeMillis()),
                    known(row.socketBytes()),
                    known(row.networkBytes()),
                    row.outcome());
        }
        return table;
    }

    private static Table parts(DemoReport report) {
        Table table = new Table(
                "VM",
                "FROM",
                "TO",
                "PREPARE",
                "PARK",
                "DETACH",
                "READ",
                "WRITE",
                "ATTACH",
                "SWITCH",
                "RELEASE",
                "IN ALL",
                "TEARDOWN");
        for (MigrationRow row : report.migrations()) {
            row.graft()
                    .ifPresent(parts -> table.row(
                            row.vm(),
                            row.from(),
                            row.to(),
                            parts.prepareMillis(),
                            parts.parkMillis(),
                            parts.detachMillis(),
                            parts.readMillis(),
                            parts.writeMillis(),
                            parts.attachMillis(),
                            parts.exchangeMillis(),
                            parts.releaseMillis(),
                            parts.pauseMillis(),
                            parts.teardownMillis()));
        }
        return table;
    }

    private static Table hypervisors(DemoReport report) {
        Table table = new Table("NAME", "DEVICE", "BUILD BEFORE", "PATCHED", "BUILD AFTER", "PATCHED", "USERS LEFT");
        for (HypervisorRow row : report.hypervisors()) {
            table.row(
                    row.name(),
                    row.device(),
                    shortened(row.buildBefore()),
                    yesNo(row.patchedBefore()),
                    shortened(row.buildAfter()),
                    yesNo(row.patchedAfter()),
                    known(row.usersWhenEmptied()));
        }
        return table;
    }

    private static Table guests(DemoReport report) {
        Table table = new Table(
                "VM",
                "BEATS SENT",
                "RECEIVED",
                "LOST",
                "DOUBLED",
                "LONGEST GAP ms",
                "CHECKS",
                "ERRORS",
                "INVLPGA BEFORE",
                "AFTER",
                "PID BEFORE",
                "AFTER");
        for (GuestRow row : report.guests()) {
            table.row(
                    row.vm(),
                    row.beatsSent(),
                    row.beatsReceived(),
                    row.beatsLost(),
                    row.beatsDoubled(),
                    row.longestGapMillis(),
                    row.checks(),
                    row.errors(),
                    row.sawFixBefore(),
                    row.sawFixAfter(),
                    row.pidBefore(),
                    row.pidAfter());
        }
        return table;
    }

    private static Table comparisons(DemoReport report) {
        Table table = new Table(
                "RAM MiB",
                "METHOD",
                "RUNS",
                "MEDIAN PAUSE ms",
                "MAX ms",
                "MEDIAN MOVE ms",
                "SOCKET bytes",
                "NETWORK bytes");
        for (ComparisonRow row : report.comparisons()) {
            table.row(
                    row.memoryMebibytes(),
                    row.method(),
                    row.runs(),
                    row.medianPauseMillis(),
                    row.maximumPauseMillis(),
                    row.medianTotalMillis(),
                    row.medianSocketBytes(),
                    row.medianNetworkBytes());
        }
        return table;
    }

    private static String known(long figure) {
        return figure == MigrationRow.UNKNOWN ? "-" : String.valueOf(figure);
    }

    private static String shortened(String identity) {
        return identity.substring(0, Math.min(SHORT_IDENTITY, identity.length()));
    }

    private static String yesNo(boolean value) {
        return value ? "yes" : "no";
    }
}
