package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.twinhype.graft.Graft;
import io.twinhype.graft.GraftFault;
import io.twinhype.graft.testing.FakeLibrary;
import io.twinhype.graft.testing.FakeLibrary.Fault;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is made of the answers of a VMM's library, and of none, with a process that only answers. */
final class VmmGraftTests {
    private static final Duration PARKING = Duration.ofSeconds(1);
    private static final Hypervisor B = Hypervisor.kvm("B", FakeLibrary.OTHER_DEVICE);

    @TempDir
    private Path directory;

    /** A process that answers, for one test. */
    private record Answering(Process process, VmmGraft graft) implements AutoCloseable {
        @Override
        public void close() {
            process.destroyForcibly();
        }

        VmmGraft.Done run() throws EngineException {
            return graft.run(PARKING, VmmGraft.Fault.NONE);
        }
    }

    private Answering vmm(Fault fault) throws IOException {
        Process process = FakeLibrary.start(directory, fault);
        return new Answering(process, graft(process.pid(), B));
    }

    private static VmmGraft graft(long pid, Hypervisor to) {
        return new VmmGraft("VM web1", pid, "A", to, Duration.ofSeconds(1));
    }

    @Test
    void whatIsDoneTellsItsPartsAndIsNotDoneTwice() throws Exception {
        try (Answering vmm = vmm(Fault.NONE)) {
            assertThat(vmm.graft().obstacle()).isEmpty();
            long before = System.nanoTime();
            VmmGraft.Done done = vmm.run();
            assertThat(done.parts().orElseThrow().pause()).isEqualTo(Duration.ofNanos(3_926_000));
            assertThat(done.startNanos()).isBetween(before, System.nanoTime());
            assertThat(vmm.graft().obstacle()).contains("it is on hypervisor B already");
            assertThatExceptionOfType(EngineException.Refused.class)
                    .isThrownBy(vmm::run)
                    .withMessage("VM web1 can't be grafted onto hypervisor B: it is on hypervisor B already");
        }
    }

    @Test
    void everythingInTheWayIsNamed() throws Exception {
        try (Answering vmm = vmm(Fault.OBSTACLE)) {
            assertThat(vmm.graft().obstacle()).contains("the VM uses SEV; the VM uses VFIO");
            assertThatExceptionOfType(EngineException.Refused.class)
                    .isThrownBy(vmm::run)
                    .withMessage("VM web1 can't be grafted onto hypervisor B: the VM uses SEV; the VM uses VFIO");
        }
    }

    @Test
    void aStepThatFailedLeavesTheVmWhereItWas() throws Exception {
        try (Answering vmm = vmm(Fault.FAILS)) {
            assertThatExceptionOfType(EngineException.NotMoved.class)
                    .isThrownBy(vmm::run)
                    .withMessage("VM web1 was not moved to hypervisor B and goes on on A: the step write.msrs failed:"
                            + " MSR 0x1b is not accepted, Invalid argument (EINVAL)");
        }
    }

    @Test
    void aDeadVmmIsSaidToBeDead() throws Exception {
        try (Answering vmm = vmm(Fault.DIES)) {
            assertThatExceptionOfType(EngineException.Ended.class)
                    .isThrownBy(vmm::run)
                    .withMessageContaining(
                            "VM web1 ended while the hypervisor under it was to be changed from A to B: ");
        }
    }

    @Test
    void anAnswerThatGotLostIsFoundOut() throws Exception {
        try (Answering vmm = vmm(Fault.LOSES_ANSWER)) {
            assertThat(vmm.run().parts()).isEmpty();
        }
        try (Answering vmm = vmm(Fault.UNDONE_AND_LOSES_ANSWER)) {
            assertThatExceptionOfType(EngineException.NotMoved.class)
                    .isThrownBy(vmm::run)
                    .withMessageContaining("goes on on A: process ")
                    .withMessageContaining("closed its connection in the middle of a graft");
        }
    }

    @Test
    void aVmmThatAnswersNothingIsForAPersonToLookAt() throws Exception {
        try (Answering vmm = vmm(Fault.GOES_MUTE)) {
            assertThatExceptionOfType(EngineException.Undecided.class)
                    .isThrownBy(vmm::run)
                    .withMessageContaining(
                            "VM web1 (pid " + vmm.process().pid() + ") is on hypervisor A or B, or hangs between them")
                    .withMessageContaining("asked again")
                    .withMessageContaining("look at whether its guest runs");
        }
    }

    @Test
    void aRehearsalNamesTheLastStep() throws Exception {
        try (Answering vmm = vmm(Fault.NONE)) {
            Optional<GraftFault> chosen =
                    VmmGraft.Fault.LATEST.choose(Graft.of(vmm.process().pid()));
            assertThat(chosen).contains(GraftFault.at("switch.quiet"));
        }
    }

    @Test
    void whatCannotBeAskedIsRefused() throws Exception {
        long here = ProcessHandle.current().pid();
        assertThat(graft(here, B).obstacle().orElseThrow()).contains("was started without the graft library");
        assertThat(graft(here, Hypervisor.emulated("E")).obstacle())
                .contains("hypervisor E is emulation, which has no KVM device");
        assertThat(graft(here, Hypervisor.kvm("B", Path.of("/dev/no-such-kvm"))).obstacle())
                .contains("there is no device /dev/no-such-kvm: load hypervisor B");
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        assertThat(graft(ended.pid(), B).obstacle()).contains("there is no process " + ended.pid());
    }
}
