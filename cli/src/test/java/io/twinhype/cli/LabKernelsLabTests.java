package io.twinhype.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Each kernel series boots in the lab, under this machine's QEMU and among its files, with its own KVM. */
@Tag("lab")
final class LabKernelsLabTests {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"6.1, 6.1.0-", "6.12, 6.12."})
    void theKernelBootsAndItsStockKvmLoads(String series, String release) {
        StringWriter err = new StringWriter();
        CommandLine commandLine = Main.commandLine();
        commandLine.setErr(new PrintWriter(err, true));
        int status = commandLine.execute(
                "lab",
                "run",
                "--kernel",
                series,
                "--hypervisors",
                "stock",
                "--memory",
                "1024",
                "--out",
                directory.toString(),
                "sh",
                "-c",
                "test -c /dev/kvm && uname -r > $LAB_OUT/release && grep -c ^kvm_amd /proc/modules > $LAB_OUT/loaded");
        assertThat(status).as(err.toString()).isZero();
        assertThat(directory.resolve("release")).content().startsWith(release);
        assertThat(directory.resolve("loaded")).hasContent("1\n");
    }
}
