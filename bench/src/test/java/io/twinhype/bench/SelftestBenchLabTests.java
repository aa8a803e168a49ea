package io.twinhype.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.bench.SelftestOutcome.Verdict;
import io.twinhype.bench.SelftestReport.Row;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A few of the kernel's own KVM selftests, and the comparison of them; all of them take a quarter of an hour. */
@Tag("lab")
final class SelftestBenchLabTests {
    private static final List<String> FEW = List.of(
            "x86_64/cpuid_test",
            "x86_64/state_test",
            "x86_64/smm_test",
            "x86_64/sync_regs_test",
            "x86_64/svm_int_ctl_test",
            "x86_64/userspace_msr_exit_test",
            "kvm_binary_stats_test");
    private static final String INTEL = "x86_64/vmx_msrs_test";

    @TempDir
    private Path directory;

    @Test
    void theSameTestsPassOnStockKvmAndOnBothOfOurs() throws Exception {
        List<String> tests = new ArrayList<>(FEW);
        tests.add(INTEL);
        SelftestReport report = new SelftestBench(
                        new SelftestOptions(KernelSeries.V6_1, tests, Duration.ofMinutes(5), directory),
                        TwinCache.of(System.getenv()),
                        KernelSources.of(System.getenv()),
                        Progress.SILENT)
                .run();

        assertThat(report.unbuilt()).isEmpty();
        assertThat(report.different()).isEmpty();
        assertThat(report.same()).isTrue();
        assertThat(report.rows())
                .filteredOn(row -> row.stock().verdict() == Verdict.PASS)
                .extracting(Row::test)
                .containsExactlyElementsOf(FEW);
        assertThat(report.rows().getLast().b())
                .as("a test for Intel's processors says so itself")
                .satisfies(outcome -> {
                    assertThat(outcome.verdict()).isEqualTo(Verdict.SKIP);
                    assertThat(outcome.reason()).contains("VMX");
                });
        assertThat(directory.resolve("selftests.md")).content().contains("| x86_64/state_test | pass");
    }
}
