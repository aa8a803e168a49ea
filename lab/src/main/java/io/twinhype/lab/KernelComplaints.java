package io.twinhype.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Finds the lines in which a kernel says that something went wrong inside it.
 *
 * <p>The words are those of kernel/panic.c (WARN, panic), lib/bug.c (BUG), arch/x86/kernel/dumpstack.c (oops, call trace),
 * arch/x86/mm/fault.c, fs/sysfs/dir.c, mm/slab_common.c, lib/refcount.c, lib/list_debug.c, kernel/hung_task.c,
 * kernel/watchdog.c, kernel/rcu/tree_stall.h and lib/ubsan.c.
 */
final class KernelComplaints {
    private static final Pattern COMPLAINT = Pattern.compile("WARNING: |BUG: |kernel BUG at |Oops: |Oops\\b.*\\[#|"
            + "general protection fault|unable to handle (kernel|page)|Kernel panic|Call Trace:|"
            + "cannot create duplicate|sysfs: cannot create|kobject_add_internal failed|"
            + "unchecked MSR access error|refcount_t: |list_(add|del) corruption|"
            + "Objects? remaining in|still has objects|INFO: task .* blocked for more than|"
            + "rcu: INFO: |detected stall|soft lockup|hard LOCKUP|UBSAN: |KASAN: |KFENCE: |"
            + "(invalid opcode|divide error|stack segment|double fault|int3): 0000|"
            + "Bad page (state|map)|nobody cared|scheduling while atomic|corrupted stack end");

    /** arch/x86/kernel/traps.c about a *user* process that got a signal: the kernel itself is well. */
    private static final Pattern USER_TRAP = Pattern.compile("traps: \\S.*\\[\\d+\\] ");

    private KernelComplaints() {}

    static boolean isComplaint(String line) {
        return COMPLAINT.matcher(line).find() && !USER_TRAP.matcher(line).find();
    }

    static List<String> in(List<String> lines) {
        return lines.stream().filter(KernelComplaints::isComplaint).toList();
    }

    /** The lines of a console log; none if it was never written. Bytes that are no text do not matter. */
    static List<String> lines(Path consoleLog) {
        try {
            return new String(Files.readAllBytes(consoleLog), StandardCharsets.ISO_8859_1)
                    .lines()
                    .map(line -> line.replace("\r", ""))
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
