package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KernelComplaintsTests {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "[   12.3] WARNING: CPU: 0 PID: 812 at kernel/events/core.c:6710 perf_register_guest_info_callbacks+0x5f/0x70",
                "[   12.3] BUG: unable to handle page fault for address: ffffffffc0a12340",
                "[   12.3] BUG: kernel NULL pointer dereference, address: 0000000000000008",
                "[   12.3] Oops: 0002 [#1] PREEMPT SMP NOPTI",
                "[   12.3] kernel BUG at arch/x86/kvm/x86.c:431!",
                "[   12.3] invalid opcode: 0000 [#1] PREEMPT SMP NOPTI",
                "[   12.3] general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP",
                "[   12.3] sysfs: cannot create duplicate filename '/kernel/slab/kvm_vcpu'",
                "[   12.3] Call Trace:",
                "[   12.3] Kernel panic - not syncing: corrupted stack end detected inside scheduler",
                "[   12.3] unchecked MSR access error: WRMSR to 0xc0000080",
                "[   12.3] BUG x86_emulator (Not tainted): Objects remaining in x86_emulator on __kmem_cache_shutdown()",
                "[   12.3] kmem_cache_destroy x86_emulator: Slab cache still has objects when called from x",
                "[   12.3] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [qemu-system-x86:812]",
                "[   12.3] rcu: INFO: rcu_preempt self-detected stall on CPU",
                "[   12.3] INFO: task qemu-system-x86:812 blocked for more than 120 seconds.",
                "[   12.3] refcount_t: underflow; use-after-free.",
                "[   12.3] list_del corruption, ffff8881 is LIST_POISON1",
            })
    void findsWhatAKernelSaysWhenItIsUnwell(String line) {
        assertThat(KernelComplaints.isComplaint(line)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[    0.0] Warning: unable to open an initial console.",
                "[    1.2] traps: demo[812] general protection fault ip:401136 sp:7ffd error:0 in demo[401000+1000]",
                "[    1.2] traps: demo[812] trap invalid opcode ip:401136 sp:7ffd error:0 in demo[401000+1000]",
                "[    1.2] demo[812]: segfault at 0 ip 0000000000401136 sp 00007ffd error 4 in demo[401000+1000]",
                "[    1.2] twinhype_a: loading out-of-tree module taints kernel.",
                "[    1.2] twinhype_a: module verification failed: signature and/or required key missing - tainting kernel",
                "[    1.2] kvm: Nested Virtualization enabled",
                "[    1.2] Spectre V2 : Mitigation: Retpolines",
                "[    1.2] debug: unmapping init [mem 0xffffffff82e00000-0xffffffff830c1fff]",
            })
    void leavesAloneWhatIsWell(String line) {
        assertThat(KernelComplaints.isComplaint(line)).isFalse();
    }

    @Test
    void readsALogWithBytesThatAreNoText(@TempDir Path directory) throws Exception {
        Path log = directory.resolve("console.log");
        Files.write(log, new byte[] {(byte) 0xff, (byte) 0xc3, '\r', '\n'});
        Files.writeString(log, "[ 1] fine\r\n[ 2] WARNING: CPU: 0\r\n", java.nio.file.StandardOpenOption.APPEND);
        assertThat(KernelComplaints.in(KernelComplaints.lines(log))).isEqualTo(List.of("[ 2] WARNING: CPU: 0"));
        assertThat(KernelComplaints.lines(directory.resolve("none"))).isEmpty();
    }
}
