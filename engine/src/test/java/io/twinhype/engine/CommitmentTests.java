package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.twinhype.qemu.QemuBinary;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is done with a VM if the command that lets it run at its new place goes wrong. */
final class CommitmentTests {
    private static final Hypervisor A = Hypervisor.emulated("A");
    private static final Hypervisor B = Hypervisor.emulated("B");

    @TempDir
    Path directory;

    private Host host;
    private Vm vm;

    @BeforeEach
    void start() throws Exception {
        var qemu = new QemuBinary(FakeQemu.install(directory));
        host = Host.open(new HostSettings(directory, directory, true, Duration.ofSeconds(30)), qemu);
        vm = host.start(VmDefinition.linux("web1", 1, Path.of("kernel"), Path.of("initramfs"), ""), A);
    }

    @AfterEach
    void close() {
        host.close();
    }

    private boolean runs() throws Exception {
        vm.instance().process().reconnect();
        return vm.instance().process().monitor().status().running();
    }

    private static boolean exists(long pid) {
        return ProcessHandle.of(pid).isPresent();
    }

    @Test
    void itRuns() throws Exception {
        FakeQemu.order(directory, FakeQemu.Fault.NONE);
        long old = vm.pid();

        MigrationResult result = host.migrate(vm, B, MigrationOptions.HANDOFF);

        assertThat(result.to()).isEqualTo("B");
        assertThat(runs()).isTrue();
        assertThat(exists(old)).isFalse();
    }

    @Test
    void itRefusesAndTheSourceGoesOn() throws Exception {
        FakeQemu.order(directory, FakeQemu.Fault.REFUSES);

        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, MigrationOptions.HANDOFF));

        assertThat(thrown)
                .isInstanceOf(EngineException.NotMoved.class)
                .hasMessageContaining("Failed to get \"write\" lock");
        assertThat(vm.hypervisor()).isEqualTo(A);
        assertThat(runs()).isTrue();
    }

    @Test
    void itRunsWithoutSayingSo() throws Exception {
        FakeQemu.order(directory, FakeQemu.Fault.RUNS_BUT_LOSES_CONNECTION);
        long old = vm.pid();

        MigrationResult result = host.migrate(vm, B, MigrationOptions.HANDOFF);

        assertThat(result.to()).isEqualTo("B");
        assertThat(vm.hypervisor()).isEqualTo(B);
        assertThat(runs()).isTrue();
        assertThat(exists(old)).as("the source").isFalse();
    }

    @Test
    void theCommandNeverArrivedAndTheSourceGoesOn() throws Exception {
        FakeQemu.order(directory, FakeQemu.Fault.NEVER_RUNS_AND_LOSES_CONNECTION);

        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, MigrationOptions.HANDOFF));

        assertThat(thrown).isInstanceOf(EngineException.NotMoved.class).hasMessageContaining("goes on on A");
        assertThat(vm.hypervisor()).isEqualTo(A);
        assertThat(runs()).isTrue();
    }

    @Test
    void itRanAndDiedSoTheSourceMustNotGoOn() throws Exception {
        FakeQemu.order(directory, FakeQemu.Fault.RUNS_THEN_DIES);
        long old = vm.pid();

        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, MigrationOptions.HANDOFF));

        assertThat(thrown)
                .isInstanceOf(EngineException.Ended.class)
                .hasMessageContaining("had moved to hypervisor B and ended there");
        assertThat(vm.alive()).isFalse();
        assertThat(exists(old))
                .as("the source, whose memory is not its guest's any more")
                .isFalse();
    }

    @Test
    void nothingCanBeFoundOutSoNothingIsTouched() throws Exception {
        FakeQemu.order(directory, FakeQemu.Fault.LOSES_ALL_CONNECTIONS);
        long old = vm.pid();

        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, MigrationOptions.HANDOFF));

        assertThat(thrown)
                .isInstanceOf(EngineException.Undecided.class)
                .hasMessageContaining("VM web1 may run on hypervisor B (pid ")
                .hasMessageContaining("its old QEMU (pid " + old + ") was left stopped");
        assertThat(exists(old)).isTrue();
        assertThat(vm.instance().process().monitor().status())
                .extracting(state -> state.running())
                .isEqualTo(false);
        assertThatThrownBy(() -> host.migrate(vm, B, MigrationOptions.HANDOFF))
                .isInstanceOf(EngineException.Refused.class)
                .hasMessageContaining("VM web1 is held");
    }
}
