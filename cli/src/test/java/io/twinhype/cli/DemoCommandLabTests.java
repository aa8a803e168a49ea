package io.twinhype.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What the demo says, and its exit status, when something breaks in the lab. */
@Tag("lab")
final class DemoCommandLabTests {
    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aVmWhoseDestinationDiesGoesOnWhereItWas() {
        assertThat(demo("destination-dies", "handoff")).as(err.toString()).isEqualTo(1);
        assertThat(out.toString())
                .containsPattern("PROBLEM: VM vm1 .*its heartbeat goes on on hypervisor A")
                .contains("The experiment did not succeed", "The lab's console is in " + directory)
                .doesNotContain("PROBLEM: The lab's kernel")
                .doesNotContain("did not answer")
                .doesNotContain("beats lost")
                .doesNotContain("were patched under");
        // Four guests that all lived to the end.
        assertThat(out.toString().lines().filter(line -> line.matches("  vm[1-4] +\\d+ +\\d+ +0 +0 .*")))
                .hasSize(4);
        assertThat(directory.resolve("guests/vm1/console.log")).exists();
        assertThat(directory.resolve("report.json")).content().contains("\"success\" : false");
    }

    @Test
    void aVmWhoseGraftFailsAtItsLastStepGoesOnWhereItWas() {
        assertThat(demo("graft-fails", "graft")).as(err.toString()).isEqualTo(1);
        assertThat(out.toString())
                .containsPattern("PROBLEM: VM vm1 was not moved to hypervisor B and goes on on A: the step .* failed"
                        + ".*its heartbeat goes on on hypervisor A")
                .doesNotContain("PROBLEM: The lab's kernel")
                .doesNotContain("did not answer")
                .doesNotContain("beats lost");
    }

    @Test
    void aBuildThatDoesNotLoadIsTakenBackAndTheVmsGoOn() {
        assertThat(demo("build-does-not-load", "graft")).as(err.toString()).isEqualTo(1);
        assertThat(out.toString())
                .containsPattern("PROBLEM: Hypervisor A was not replaced, its old build is loaded again: ")
                .contains("PROBLEM: Hypervisor A does not have the fix.")
                .doesNotContain("did not answer")
                .doesNotContain("beats lost");
    }

    @Test
    void aGuestThatDoesNotBootIsSaidWithItsLastWords() {
        assertThat(demo("guest-does-not-boot", "graft")).as(err.toString()).isEqualTo(1);
        assertThat(out.toString()).containsPattern("PROBLEM: Guest vm1 did not boot on hypervisor A: .*Kernel panic");
        assertThat(directory.resolve("guests/vm1/console.log")).content().contains("Kernel panic");
    }

    private int demo(String fault, String method) {
        CommandLine commandLine = Main.commandLine();
        commandLine.setOut(new PrintWriter(out, true));
        commandLine.setErr(new PrintWriter(err, true));
        return commandLine.execute("demo", "--fault", fault, "--method", method, "--out", directory.toString());
    }
}
