package io.twinhype.demo;

import io.twinhype.demo.DemoReport.GuestRow;
import io.twinhype.demo.DemoReport.HypervisorRow;
import io.twinhype.demo.DemoReport.MigrationRow;
import java.util.ArrayList;
import java.util.List;

/** What is wrong with an outcome: the demo has succeeded exactly if nothing is. */
final class Verdict {
    private static final int GUESTS = 4;
    private static final int HYPERVISORS = 2;
    private static final int MIGRATIONS = 8;
    private static final String FIXED = "trapped";

    private Verdict() {}

    static List<String> problems(ExperimentOutcome outcome) {
        List<String> problems = new ArrayList<>();
        count("guests reported", outcome.guests().size(), GUESTS, problems);
        count("hypervisors reported", outcome.hypervisors().size(), HYPERVISORS, problems);
        count(
                "migrations completed",
                (int) outcome.migrations().stream()
                        .filter(row -> row.outcome().equals(MigrationRow.COMPLETED))
                        .count(),
                MIGRATIONS,
                problems);
        outcome.guests().forEach(guest -> guest(guest, problems));
        boolean grafted =
                outcome.migrations().stream().allMatch(row -> row.method().equals(DemoMethod.GRAFT.label()));
        if (grafted) {
            outcome.guests().forEach(guest -> process(guest, problems));
        }
        outcome.hypervisors().forEach(hypervisor -> hypervisor(hypervisor, problems));
        for (MigrationRow migration : outcome.migrations()) {
            if (migration.outcome().equals(MigrationRow.COMPLETED)
                    && migration.networkBytes() != 0
                    && !migration.method().equals(DemoMethod.TCP.label())) {
                problems.add("While " + migration.vm() + " was moved to " + migration.to() + ", "
                        + migration.networkBytes() + " bytes went over a network.");
            }
        }
        return problems;
    }

    private static void count(String what, int is, int should, List<String> problems) {
        if (is != should) {
            problems.add(is + " " + what + ", not " + should + ".");
        }
    }

    private static void guest(GuestRow guest, List<String> problems) {
        String name = "Guest " + guest.vm();
        if (!guest.lived()) {
            problems.add(name + " did not answer at the end.");
        }
        if (guest.beatsLost() > 0 || guest.beatsDoubled() > 0) {
            problems.add(name + ": " + guest.beatsLost() + " beats lost, " + guest.beatsDoubled() + " doubled.");
        }
        if (guest.errors() > 0) {
            problems.add(name + " found " + guest.errors() + " errors in its memory, disk, clock or heartbeat.");
        }
        if (guest.checks() == 0) {
            problems.add(name + " has checked nothing.");
        }
        if (!guest.sawFixAfter().equals(FIXED)) {
            problems.add(name + " does not see the fix under it: " + guest.sawFixAfter() + ".");
        }
        if (guest.sawFixBefore().equals(FIXED)) {
            problems.add(name + " saw the fix under it before it was there.");
        }
    }

    /** A graft keeps the process, and with it everything that the rest of the host knows it by. */
    private static void process(GuestRow guest, List<String> problems) {
        if (guest.pidBefore() != guest.pidAfter()) {
            problems.add("Guest " + guest.vm() + ": its VMM was process " + guest.pidBefore() + " and is now process "
                    + guest.pidAfter() + ", though it was grafted.");
        }
    }

    private static void hypervisor(HypervisorRow hypervisor, List<String> problems) {
        if (hypervisor.patchedBefore()) {
            problems.add("Hypervisor " + hypervisor.name() + " had the fix before it was patched.");
        }
        if (!hypervisor.patchedAfter()) {
            problems.add("Hypervisor " + hypervisor.name() + " does not have the fix.");
        }
        if (hypervisor.usersWhenEmptied() > 0) {
            problems.add("Hypervisor " + hypervisor.name() + " still had " + hypervisor.usersWhenEmptied()
                    + " users when its VMs had left it.");
        }
    }
}
