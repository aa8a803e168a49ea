package io.twinhype.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.engine.MethodCheck;
import io.twinhype.engine.MigrationMethod;
import io.twinhype.engine.VmmStatus;
import io.twinhype.lab.LabResult;
import io.twinhype.twin.HypervisorStatus;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What is typed, what is said, and the exit status, up to where something would be started. */
final class CommandLineTests {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void helpAndVersionAreNoErrors() {
        assertThat(execute("--help")).isZero();
        assertThat(out.toString()).contains("Usage: twinhype", "lab");
        assertThat(execute("lab", "run", "--help")).isZero();
        assertThat(out.toString()).contains("--hypervisors", "Exit status", "  124  ");
        assertThat(execute("--version")).isZero();
        assertThat(out.toString()).contains("twinhype ");
        assertThat(err.toString()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nonsense",
                "lab",
                "lab run",
                "lab run --hypervisors C true",
                "lab run --timeout 0 true",
                "lab run --timeout soon true",
                "lab run --memory lots true",
                "lab run --memory 16 true",
                "lab run --env X true",
                "lab shell surplus",
                "hypervisor",
                "hypervisor build",
                "hypervisor build C",
                "hypervisor build A --vendor arm",
                "hypervisor show surplus",
                "hypervisor install --vendor mips",
                "hypervisor install --sign-key k.pem",
                "hypervisor build --sign-cert c.pem",
                "hypervisor uninstall surplus",
                "hypervisor edits --vendor arm",
                "hypervisor edits --kernel 6.1 --source .",
                "hypervisor edits --json --matrix .",
                "vm",
                "vm show qemu",
                "vm migrate 1",
                "vm migrate 1 --to C",
                "vm migrate 1 --to B --method handoff",
                "demo --fault destination-dies",
                "demo --fault graft-fails --method handoff",
                "bench migrate --memory 256,1024,4096 --copies 2,1",
                "bench migrate --runs 2 --copies 3",
                "bench selftests --docs . --only smm_test",
            })
    void wrongUsageIsOneSentenceAndStatusTwo(String line) {
        assertThat(execute(line.isEmpty() ? new String[0] : line.split(" ", -1)))
                .isEqualTo(2);
        assertThat(err.toString()).startsWith("twinhype: ").contains("--help");
        assertThat(err.toString().lines()).hasSizeLessThanOrEqualTo(3);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void whatCannotBeInstalledIsOneSentence(@TempDir Path root) {
        assertThat(execute("hypervisor", "install", "--root", root.toString(), "--kernel-release", "6.1.0-1-none"))
                .isEqualTo(1);
        assertThat(err.toString())
                .isEqualTo("twinhype: Kernel 6.1.0-1-none is not installed in " + root + ": there is no " + root
                        + "/lib/modules/6.1.0-1-none. Name an installed one with --kernel-release.\n");
        assertThat(execute("hypervisor", "uninstall", "--root", root.toString()))
                .isZero();
        assertThat(out.toString()).isEqualTo("Nothing of TwinHype is installed in " + root + ".\n");
        assertThat(root).isEmptyDirectory();
    }

    @Test
    void aKernelThatHasNoEditsIsOneSentenceAndTheLabsOwnStatus() {
        assertThat(execute("lab", "run", "--kernel", "0.1", "sh", "-c", "true")).isEqualTo(125);
        assertThat(err.toString()).startsWith("twinhype: ").contains("0.1", "choose one of: 6.1");
        assertThat(err.toString().lines()).hasSize(1);
    }

    @Test
    void aDirectoryThatIsNoKernelSourceIsOneSentence() {
        assertThat(execute("hypervisor", "build", "A", "--source", "src")).isEqualTo(1);
        assertThat(err.toString())
                .startsWith("twinhype: src has no Makefile that tells a kernel's version")
                .endsWith("name the top directory of an unpacked kernel source.\n");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void whatIsNotLoadedIsNotShown() {
        assertThat(HypervisorShowCommand.text(List.of()))
                .isEqualTo("No hypervisor is loaded: neither A nor B, nor stock KVM.\n");
        assertThat(HypervisorShowCommand.text(List.of(
                        new HypervisorStatus(
                                "A", "twinhype_a", "0123456789abcdef", "2", "svm", 3, "/dev/kvm", "from x"),
                        new HypervisorStatus("stock", "kvm", "", "", "both", 0, "", ""))))
                .containsPattern("0123456789ab +2 +svm +3")
                .doesNotContain("cdef")
                .containsPattern("stock +kvm +- +-? +both +0");
    }

    @Test
    void aProcessThatIsNoVmmIsOneSentence() {
        long here = ProcessHandle.current().pid();
        for (String[] line : new String[][] {{"vm", "show", "" + here}, {"vm", "migrate", "" + here, "--to", "B"}}) {
            err.getBuffer().setLength(0);
            assertThat(execute(line)).isEqualTo(1);
            assertThat(err.toString())
                    .startsWith("twinhype: Process " + here + " (")
                    .endsWith(") has no VM of KVM open: name the process id of a VMM, such as QEMU's\n");
        }
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aVmIsShownWithWhatIsPossible() {
        VmmStatus status = new VmmStatus(
                4711,
                "qemu-system-x86",
                Optional.of("web1"),
                Optional.of("A"),
                Optional.of("10:232"),
                true,
                OptionalInt.of(2),
                OptionalInt.of(5),
                Optional.of("B"),
                List.of(
                        new MethodCheck(MigrationMethod.GRAFT, Optional.empty()),
                        new MethodCheck(MigrationMethod.HANDOFF, Optional.of("it is not ours"))));
        assertThat(VmShowCommand.text(List.of(status))).hasLineCount(2).contains("4711");
        assertThat(VmShowCommand.text(List.of()))
                .isEqualTo("There is no VM of KVM on this machine that this user may look at.\n");
        assertThat(VmShowCommand.text(status))
                .containsPattern(" 4711 +qemu-system-x86 +web1 +A +10:232 +2 +yes +5\n")
                .contains("\nTo hypervisor B:\n")
                .containsPattern(" graft +yes\n")
                .containsPattern(" handoff +no +it is not ours\n");
        assertThat(status.json())
                .contains("\"hypervisor\" : \"A\"", "\"grafts\" : 5", "\"obstacle\" : \"it is not ours\"");
    }

    @Test
    void theStackIsForWhoAsks() {
        assertThat(execute("--verbose", "lab", "run", "--kernel", "0.1", "true"))
                .isEqualTo(125);
        assertThat(err.toString()).contains("\tat io.twinhype.");
    }

    @Test
    void aKernelThatComplainedIsAFailureOfItsOwn() {
        assertThat(status(0)).isZero();
        assertThat(status(3)).isEqualTo(3);
        assertThat(err.toString()).isEmpty();
        assertThat(status(0, "[ 1] WARNING: CPU: 0", "[ 1] Call Trace:")).isEqualTo(70);
        assertThat(err.toString()).contains("/out/console.log", "WARNING: CPU: 0", "Call Trace:");
        assertThat(status(3, "[ 1] WARNING: CPU: 0")).isEqualTo(3);
    }

    private int status(int exitStatus, String... complaints) {
        LabResult result = new LabResult(
                exitStatus, List.of(complaints), Path.of("/out/console.log"), Duration.ZERO, Duration.ZERO);
        return LabRunCommand.status(result, new PrintWriter(err, true));
    }

    private int execute(String... arguments) {
        CommandLine commandLine = Main.commandLine();
        commandLine.setOut(new PrintWriter(out, true));
        commandLine.setErr(new PrintWriter(err, true));
        return commandLine.execute(arguments);
    }
}
