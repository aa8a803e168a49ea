package io.twinhype.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * A comparison as documents keep it.
 *
 * @param command what was typed
 */
record MigrateRecord(String command, MigrateReport report) {
    /** Adds one to those that are kept: what they say of its guests is replaced. */
    static List<MigrateRecord> with(List<MigrateRecord> kept, MigrateRecord more) {
        List<MigrateRecord> all = new ArrayList<>();
        for (MigrateRecord each : kept) {
            MigrateReport rest = each.report.without(more.report.guests());
            if (!rest.rows().isEmpty()) {
                all.add(new MigrateRecord(each.command, rest));
            }
        }
        all.add(more);
        return all;
    }
}
