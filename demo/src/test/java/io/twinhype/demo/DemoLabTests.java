package io.twinhype.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.twinhype.demo.DemoReport.HypervisorRow;
import io.twinhype.demo.DemoReport.MigrationRow;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.TwinCache;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole experiment, with two real hypervisors. */
@Tag("lab")
final class DemoLabTests {
    @TempDir
    private Path directory;

    @Test
    void bothHypervisorsArePatchedUnderFourGuestsThatLoseNothing() throws Exception {
        ByteArrayOutputStream told = new ByteArrayOutputStream();
        DemoReport report = new Demo(
                        new DemoOptions(KernelSeries.V6_1, directory, DemoMethod.GRAFT, DemoFault.NONE, List.of(), 1),
                        TwinCache.of(System.getenv()),
                        KernelSources.of(System.getenv()),
                        new PrintStream(told, true, UTF_8))
                .run();
        String progress = told.toString(UTF_8);

        assertThat(report.problems()).as(progress).isEmpty();
        assertThat(report.success()).isTrue();
        assertThat(report.kernelComplaints()).isEmpty();
        assertThat(report.environment()).containsKeys("kernelPackage", "labKernel");
        assertThat(report.environment().get("qemu")).as("QEMU's version").matches("\\d+\\.\\d+\\.\\d+( \\(.+\\))?");
        assertThat(report.migrations().stream().map(row -> row.vm() + " " + row.from() + row.to()))
                .as("the paper's four steps")
                .containsExactly("vm1 AB", "vm2 AB", "vm1 BA", "vm2 BA", "vm3 BA", "vm4 BA", "vm3 AB", "vm4 AB");
        assertThat(report.migrations()).allSatisfy(row -> {
            assertThat(row.outcome()).isEqualTo(MigrationRow.COMPLETED);
            assertThat(row.method()).isEqualTo("graft");
            assertThat(row.networkBytes()).isZero();
            assertThat(row.socketBytes()).as("nothing leaves the process").isZero();
            assertThat(row.pauseMillis()).isPositive();
            DemoReport.GraftParts parts = row.graft().orElseThrow();
            assertThat(parts.pauseMillis())
                    .as("the pause is no shorter than its parts")
                    .isGreaterThanOrEqualTo(parts.readMillis() + parts.writeMillis())
                    .isPositive();
        });
        assertThat(report.hypervisors())
                .extracting(HypervisorRow::name, HypervisorRow::device)
                .containsExactly(tuple("A", "/dev/kvm"), tuple("B", "/dev/kvm2"));
        assertThat(report.hypervisors()).allSatisfy(row -> {
            assertThat(row.patchedBefore()).isFalse();
            assertThat(row.patchedAfter()).isTrue();
            assertThat(row.buildAfter()).isNotEqualTo(row.buildBefore());
            assertThat(row.usersWhenEmptied())
                    .as("users of the module that the VMs left")
                    .isZero();
        });
        assertThat(report.guests().stream().map(DemoReport.GuestRow::vm)).containsExactly("vm1", "vm2", "vm3", "vm4");
        assertThat(report.guests()).allSatisfy(row -> {
            assertThat(row.lived()).isTrue();
            assertThat(row.beatsLost()).isZero();
            assertThat(row.beatsDoubled()).isZero();
            assertThat(row.beatsReceived()).isEqualTo(row.beatsSent()).isGreaterThan(1_000);
            assertThat(row.checks()).isPositive();
            assertThat(row.errors()).isZero();
            assertThat(row.sawFixBefore()).isEqualTo("executed");
            assertThat(row.sawFixAfter()).isEqualTo("trapped");
            assertThat(row.pidAfter())
                    .as("the VMM's process")
                    .isEqualTo(row.pidBefore())
                    .isPositive();
        });
        assertThat(DemoJson.mapper().readValue(directory.resolve("report.json").toFile(), DemoReport.class))
                .as("report.json")
                .isEqualTo(report);
        assertThat(directory.resolve("guests"))
                .as("logs are kept only of what went wrong")
                .doesNotExist();
        assertThat(progress.lines()).allMatch(line -> line.matches("^ *\\d+\\.\\d  .*"));
    }
}
