package io.twinhype.bench;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A guest that is moved.
 *
 * @param memoryMebibytes its RAM, MiB
 * @param dirtyMebibytes how much of it a process in it writes without an end, MiB; 0 for an idle guest
 */
public record MigrateGuest(int memoryMebibytes, int vcpus, int dirtyMebibytes) {
    /** The guest's kernel, its program and its checks. */
    private static final int OWN_MEBIBYTES = 96;

    /** Checks that it can boot. */
    public MigrateGuest {
        if (vcpus < 1 || dirtyMebibytes < 0 || memoryMebibytes < OWN_MEBIBYTES + dirtyMebibytes) {
            throw new IllegalArgumentException("A guest needs a vCPU, and " + OWN_MEBIBYTES
                    + " MiB besides what is written; not " + vcpus + " vCPUs and " + memoryMebibytes + " MiB, of which "
                    + dirtyMebibytes + " are written.");
        }
    }

    /**
     * Returns guests that differ from the first of each list in one thing only: every size of memory, every number of vCPUs,
     * every amount that is written.
     */
    public static List<MigrateGuest> star(List<Integer> memory, List<Integer> vcpus, List<Integer> dirty) {
        Set<MigrateGuest> guests = new LinkedHashSet<>();
        memory.forEach(each -> guests.add(new MigrateGuest(each, vcpus.getFirst(), dirty.getFirst())));
        vcpus.forEach(each -> guests.add(new MigrateGuest(memory.getFirst(), each, dirty.getFirst())));
        dirty.forEach(each -> guests.add(new MigrateGuest(memory.getFirst(), vcpus.getFirst(), each)));
        return List.copyOf(guests);
    }

    /** Returns guests of every combination. */
    public static List<MigrateGuest> all(List<Integer> memory, List<Integer> vcpus, List<Integer> dirty) {
        List<MigrateGuest> guests = new ArrayList<>();
        for (int written : dirty) {
            for (int number : vcpus) {
                memory.forEach(each -> guests.add(new MigrateGuest(each, number, written)));
            }
        }
        return guests;
    }

    /** Says what it is, as tables have it. */
    public String describe() {
        return memoryMebibytes + " MiB, " + vcpus + (vcpus == 1 ? " vCPU, " : " vCPUs, ")
                + (dirtyMebibytes == 0 ? "idle" : dirtyMebibytes + " MiB written");
    }
}
