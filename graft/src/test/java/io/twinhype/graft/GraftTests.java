package io.twinhype.graft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.twinhype.graft.testing.FakeLibrary;
import io.twinhype.linux.Errno;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class GraftTests {
    private static final long HERE = ProcessHandle.current().pid();
    private static final Path DEVICE = Path.of("/dev/null");
    private static final Duration PARKING = Duration.ofSeconds(1);

    @TempDir
    private Path directory;

    private Graft client() {
        return Graft.at(HERE, socket(), Duration.ofSeconds(5));
    }

    private Path socket() {
        return directory.resolve("s");
    }

    @Test
    void aStateIsReadWithItsObstacles() throws Exception {
        try (FakeLibrary library = new FakeLibrary(
                socket(), _ -> FakeLibrary.STATE + "obstacle it has a VFIO device\nobstacle it is a nested host\n")) {
            GraftState state = client().check(DEVICE);
            assertThat(state.vcpus()).isEqualTo(2);
            assertThat(state.grafts()).isEqualTo(5);
            assertThat(state.device()).contains(new DeviceNumber(10, 232));
            assertThat(state.obstacles()).containsExactly("it has a VFIO device", "it is a nested host");
            assertThat(client().show().irqfds()).isEqualTo(3);
            assertThat(library.heard()).containsExactly("check + /dev/null", "show");
        }
    }

    @Test
    void withoutAVmThereIsNoDevice() throws Exception {
        String none = "ok\nprotocol 1\npid 17\nvm no\nobstacle there is no VM yet\n";
        try (FakeLibrary library = new FakeLibrary(socket(), _ -> none)) {
            assertThat(client().show().device()).isEmpty();
            assertThat(client().show().obstacles()).containsExactly("there is no VM yet");
            assertThat(library.heard()).hasSize(2);
        }
    }

    @Test
    void aGraftTellsItsParts() throws Exception {
        try (FakeLibrary library = new FakeLibrary(socket(), _ -> FakeLibrary.RESULT)) {
            GraftResult result = client().graft(DEVICE, PARKING, Optional.empty());
            assertThat(result.pause()).isEqualTo(Duration.ofNanos(3_926_000));
            assertThat(result.exchange()).isEqualTo(Duration.ofNanos(940_000));
            assertThat(result.teardown()).isEqualTo(Duration.ofMillis(12));
            client().graft(DEVICE, PARKING, Optional.of(new GraftFault("write.msrs", 2)));
            assertThat(library.heard())
                    .containsExactly(
                            "graft timeout_ms=1000 + /dev/null", "graft timeout_ms=1000 fail=write.msrs:2 + /dev/null");
        }
    }

    @Test
    void stepsAreListed() throws Exception {
        try (FakeLibrary library = new FakeLibrary(socket(), _ -> "ok\nstep park.vcpus\nstep switch.vm\n")) {
            assertThat(client().steps()).containsExactly("park.vcpus", "switch.vm");
            assertThat(library.heard()).containsExactly("steps");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            refused the VM uses SEV | the VM uses SEV
            error unknown word      | unknown word
            """)
    void aRefusalIsTheLibrarysOwnSentence(String answer, String sentence) throws Exception {
        try (FakeLibrary _ = new FakeLibrary(socket(), _ -> answer)) {
            assertThatExceptionOfType(GraftException.Refused.class)
                    .isThrownBy(() -> client().graft(DEVICE, PARKING, Optional.empty()))
                    .withMessage(sentence);
        }
    }

    @Test
    void aFailureNamesItsStepAndErrno() throws Exception {
        try (FakeLibrary _ = new FakeLibrary(socket(), _ -> "failed write.msrs 22 MSR 0x1b is not accepted\n")) {
            assertThatExceptionOfType(GraftException.Failed.class)
                    .isThrownBy(() -> client().graft(DEVICE, PARKING, Optional.empty()))
                    .withMessage("the step write.msrs failed: MSR 0x1b is not accepted, Invalid argument (EINVAL)")
                    .satisfies(e -> {
                        assertThat(e.step()).isEqualTo("write.msrs");
                        assertThat(e.errno()).isEqualTo(new Errno(22));
                    });
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u0001\u0002 what",
                "ok",
                "ok\nprepare_ns soon\n",
                "failed",
                "failed write.msrs",
                "failed write.msrs EIO",
                "\n",
                "OK\n",
                "ok\nprotocol 1\nvm yes\ndevice somewhere\n"
            })
    void garbageLeavesAGraftsOutcomeUnknownAndAQuestionUnanswered(String answer) throws Exception {
        try (FakeLibrary _ = new FakeLibrary(socket(), _ -> answer)) {
            assertThatExceptionOfType(GraftException.OutcomeUnknown.class)
                    .isThrownBy(() -> client().graft(DEVICE, PARKING, Optional.empty()))
                    .withMessageContaining("was not understood after a graft: it");
            assertThatExceptionOfType(GraftException.Unreachable.class)
                    .isThrownBy(() -> client().show())
                    .withMessageMatching("process \\d+ \\(.*\\) was not understood: it[\\x20-\\x7e]*");
        }
    }

    @Test
    void anotherProtocolIsNamed() throws Exception {
        try (FakeLibrary _ = new FakeLibrary(socket(), _ -> FakeLibrary.STATE.replace("protocol 1", "protocol 2"))) {
            assertThatExceptionOfType(GraftException.Unreachable.class)
                    .isThrownBy(() -> client().show())
                    .withMessageContaining("it speaks protocol 2, this program speaks 1");
        }
    }

    @Test
    void aClosedConnectionIsNoAnswer() throws Exception {
        try (FakeLibrary _ = new FakeLibrary(socket(), _ -> "")) {
            assertThatExceptionOfType(GraftException.OutcomeUnknown.class)
                    .isThrownBy(() -> client().graft(DEVICE, PARKING, Optional.empty()))
                    .withMessageEndingWith("closed its connection in the middle of a graft");
            assertThatExceptionOfType(GraftException.Unreachable.class)
                    .isThrownBy(() -> client().show())
                    .withMessageContaining("obeys root and the VMM's own user only");
        }
    }

    @Test
    void silenceIsGivenUp() throws Exception {
        Graft impatient = Graft.at(HERE, socket(), Duration.ofMillis(20));
        try (FakeLibrary _ = new FakeLibrary(socket(), _ -> {
            sleep();
            return FakeLibrary.STATE;
        })) {
            assertThatExceptionOfType(GraftException.Unreachable.class)
                    .isThrownBy(impatient::show)
                    .withMessageContaining("has not answered within");
            assertThatExceptionOfType(GraftException.OutcomeUnknown.class)
                    .isThrownBy(() -> impatient.graft(DEVICE, Duration.ZERO, Optional.empty()))
                    .withMessageContaining("has not answered within");
        }
    }

    @Test
    void aVmmThatDiesInTheMiddleIsKnownToBeDead() throws Exception {
        Process vmm = FakeLibrary.start(directory, FakeLibrary.Fault.DIES);
        try {
            Graft graft = Graft.of(vmm.pid());
            assertThat(graft.show().grafts()).isEqualTo(5);
            assertThatExceptionOfType(GraftException.OutcomeUnknown.class)
                    .isThrownBy(() -> graft.graft(DEVICE, PARKING, Optional.empty()))
                    .withMessageContaining("in the middle of a graft");
            assertThat(vmm.waitFor()).isEqualTo(3);
            assertThatExceptionOfType(GraftException.Unreachable.class)
                    .isThrownBy(graft::show)
                    .withMessage("there is no process " + vmm.pid());
        } finally {
            vmm.destroyForcibly();
        }
    }

    @Test
    void anotherProcessesSocketIsNotAsked() throws Exception {
        Process other = new ProcessBuilder("sleep", "60").start();
        try (FakeLibrary library = new FakeLibrary(socket(), _ -> FakeLibrary.STATE)) {
            Graft mistaken = Graft.at(other.pid(), socket(), Duration.ofSeconds(5));
            assertThatExceptionOfType(GraftException.Unreachable.class)
                    .isThrownBy(mistaken::show)
                    .withMessageContaining("is not that of process " + other.pid() + " but of process " + HERE);
            assertThat(library.heard()).isEmpty();
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void aMissingDeviceIsRefusedBeforeAnythingIsAsked() throws Exception {
        try (FakeLibrary library = new FakeLibrary(socket(), _ -> FakeLibrary.RESULT)) {
            assertThatExceptionOfType(GraftException.Refused.class)
                    .isThrownBy(() -> client().graft(Path.of("/dev/no-such-kvm"), PARKING, Optional.empty()))
                    .withMessage("the device /dev/no-such-kvm can't be opened (No such file or directory (ENOENT)):"
                            + " is its hypervisor loaded, and may this user use it?");
            assertThat(library.heard()).isEmpty();
        }
    }

    @Test
    void aProcessWithoutTheLibraryIsSaidToLackIt() throws Exception {
        Process other = new ProcessBuilder("sleep", "60").start();
        try {
            assertThatExceptionOfType(GraftException.Unreachable.class)
                    .isThrownBy(() -> Graft.of(other.pid()).show())
                    .withMessage("process " + other.pid() + " (sleep) was started without the graft library: start it"
                            + " with LD_PRELOAD=libtwinhype-graft.so");
        } finally {
            other.destroyForcibly().waitFor();
        }
        assertThatExceptionOfType(GraftException.Unreachable.class)
                .isThrownBy(() -> Graft.of(other.pid()))
                .withMessage("there is no process " + other.pid());
    }

    private static void sleep() {
        try {
            Thread.sleep(200);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }
}
