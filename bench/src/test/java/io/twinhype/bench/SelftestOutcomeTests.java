package io.twinhype.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.bench.SelftestOutcome.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The words are those that tests of 6.1.192 said in the lab. */
final class SelftestOutcomeTests {
    @Test
    void passes() {
        SelftestOutcome outcome = of(0, "Testing creating 1024 vCPUs, with IDs 3072...4095.");
        assertThat(outcome.verdict()).isEqualTo(Verdict.PASS);
        assertThat(outcome.reason()).isEmpty();
        assertThat(outcome.seconds()).isEqualTo(1.5);
    }

    @Test
    void aSkippedTestSaysWhatItNeeds() {
        assertThat(of(4, "1..0 # SKIP - Requirement not met: kvm_cpu_has(X86_FEATURE_VMX)"))
                .extracting(SelftestOutcome::verdict, SelftestOutcome::reason)
                .containsExactly(Verdict.SKIP, "needs kvm_cpu_has(X86_FEATURE_VMX)");
        assertThat(of(4, "MCG_CMCI_P is not supported, skipping test").reason())
                .isEqualTo("MCG_CMCI_P is not supported, skipping test");
    }

    @Test
    void aFailedAssertionIsQuoted() {
        SelftestOutcome outcome = of(
                254,
                "==== Test Assertion Failure ====",
                "  max_guest_memory_test.c:153: nr_vcpus > 0",
                "  pid=165 tid=165 errno=0 - Success",
                "     1\t0x0000000000402023: calc_default_nr_vcpus at ??:?",
                "  Uh, no CPUs?");
        assertThat(outcome.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(outcome.reason()).isEqualTo("max_guest_memory_test.c:153: nr_vcpus > 0 (Uh, no CPUs?)");
    }

    @Test
    void aSignalIsAFailureAndTheTimeLimitIsNot() {
        assertThat(of(128 + 14, "Testing map performance").reason()).isEqualTo("status 142: Testing map performance");
        assertThat(of(124).verdict()).isEqualTo(Verdict.TIMEOUT);
        assertThat(of(139).reason()).isEqualTo("status 139: it said nothing");
    }

    private static SelftestOutcome of(int status, String... said) {
        return SelftestOutcome.of(status, 1500, List.of(said), List.of());
    }
}
