package io.twinhype.bench;

import java.util.Map;

/** What is known of single selftests in the lab, which no run can tell. */
final class SelftestNotes {
    /** Smaller sizes, where the default is made for a machine that is not emulated; found by trying, on stock KVM. */
    private static final Map<String, String> ARGUMENTS = Map.of(
            "demand_paging_test", "-b 64M",
            "dirty_log_perf_test", "-b 16M -i 2",
            "dirty_log_test", "-i 3 -I 5");

    /** What is not run unless asked for, since it takes too long in the lab, or how it ends depends on chance there. */
    private static final Map<String, String> UNFIT = Map.of(
            "hardware_disable_test",
            "It ends 512 processes of four vCPUs and 20 threads each in the midst of their work: not finished in 300 s on"
                    + " stock KVM.",
            "x86_64/hyperv_tlb_flush",
            "Its vCPUs delay and wait by spinning: not finished on the lab's one CPU in 7 minutes on stock KVM of 6.12.",
            "memslot_perf_test",
            "Host and guest wait for each other by spinning, and an alarm ends the test after 2 s of that: on one CPU,"
                    + " the scheduler's time slices decide.");

    /** Why a test does not pass on any KVM in the lab. */
    private static final Map<String, String> CAUSES = Map.of(
            "max_guest_memory_test",
            "It takes three quarters of the CPUs, which in the lab is 3/4 of one, that is none.",
            "x86_64/debug_regs",
            "QEMU's emulation does not intercept INT3 as an exception (raise_interrupt2 in target/i386/tcg/excp_helper.c"
                    + " checks for INTn instead), so KVM's guest debugging does not see it.",
            "x86_64/nested_exceptions_test",
            "QEMU 7.2's emulation makes the #GP for an interrupt table that is too short with the error code 16 times the"
                    + " vector + 2 (0xc2) in place of 8 times (do_interrupt64 in target/i386/tcg/seg_helper.c).",
            "x86_64/svm_nested_soft_inject_test",
            "QEMU's emulated processor does not save the next RIP (no NRIPS in its CPUID).");

    private SelftestNotes() {}

    /** Why a test is not run, by its name. */
    static Map<String, String> unfit() {
        return UNFIT;
    }

    static Map<String, String> arguments() {
        return ARGUMENTS;
    }

    /** The cause in a sentence; empty if nobody has looked for it. */
    static String cause(String test) {
        return CAUSES.getOrDefault(test, "");
    }
}
