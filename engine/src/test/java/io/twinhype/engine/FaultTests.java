package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.twinhype.qemu.QemuProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Breaks real QEMU processes at every point of a migration: the VM goes on in one place, or the loss is told. */
@Tag("system")
final class FaultTests {
    private static final Hypervisor A = Hypervisor.emulated("A");
    private static final Hypervisor B = Hypervisor.emulated("B");

    @TempDir
    Path directory;

    private SmallGuest guest;
    private Host host;
    private Vm vm;

    @BeforeEach
    void start() throws Exception {
        guest = new SmallGuest(directory, "web1", 128, "");
        start(SmallGuest.PATIENCE);
    }

    private void start(Duration timeout) throws Exception {
        host = Host.open(new HostSettings(directory, Path.of("/dev/shm"), true, timeout));
        vm = host.start(guest.definition(), A);
        guest.awaitUp();
    }

    @AfterEach
    void close() {
        host.close();
        guest.close();
    }

    /** The VM must be where it was, untouched as far as its guest can tell, and must still be able to move. */
    private void expectStillOnA(Throwable thrown) throws Exception {
        assertThat(thrown)
                .isInstanceOf(EngineException.NotMoved.class)
                .hasMessageContaining("VM web1 was not moved to hypervisor B and goes on on A");
        assertThat(vm.hypervisor()).isEqualTo(A);
        guest.expectAlive();
        host.migrate(vm, B, MigrationOptions.HANDOFF);
        guest.expectAlive();
        guest.expectFlawless();
    }

    @Test
    void destinationKilledBeforeTheSourceIsTouched() throws Exception {
        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, MigrationOptions.HANDOFF, new MigrationSteps() {
            @Override
            public void prepared(QemuProcess destination) {
                destination.kill();
            }
        }));

        expectStillOnA(thrown);
    }

    @Test
    void destinationKilledWhileTheVcpusAreStopped() throws Exception {
        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, MigrationOptions.HANDOFF, new MigrationSteps() {
            @Override
            public boolean holdsBeforeSwitchover() {
                return true;
            }

            @Override
            public void beforeSwitchover(QemuProcess destination) {
                destination.kill();
            }
        }));

        assertThat(thrown).hasMessageContaining("killed by signal 9");
        expectStillOnA(thrown);
    }

    @Test
    void destinationKilledWhenItHasEverything() throws Exception {
        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, MigrationOptions.HANDOFF, new MigrationSteps() {
            @Override
            public void beforeCommit(QemuProcess destination) {
                destination.kill();
            }
        }));

        expectStillOnA(thrown);
    }

    @Test
    void destinationFrozenWhenItHasEverything() throws Exception {
        host.close();
        guest.close();
        guest = new SmallGuest(directory, "web1", 128, "");
        start(Duration.ofSeconds(6));

        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, MigrationOptions.HANDOFF, new MigrationSteps() {
            @Override
            public void beforeCommit(QemuProcess destination) {
                signal("STOP", destination.pid());
            }
        }));

        assertThat(thrown).hasMessageContaining("did not answer cont within 6 s");
        expectStillOnA(thrown);
    }

    @Test
    void destinationKilledInTheMiddleOfACopy() throws Exception {
        var slowly = new MigrationOptions(MigrationMethod.COPY, Transport.UNIX, 2 << 20, Duration.ofMinutes(5));

        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, slowly, new MigrationSteps() {
            @Override
            public void started(QemuProcess destination) {
                CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS).execute(destination::kill);
            }
        }));

        expectStillOnA(thrown);
    }

    @Test
    void aCopyThatTakesTooLongIsGivenUp() throws Exception {
        var hurried = new MigrationOptions(MigrationMethod.COPY, Transport.TCP, 1 << 20, Duration.ofSeconds(1));

        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, hurried));

        assertThat(thrown).hasMessageContaining("not done within 1 s");
        expectStillOnA(thrown);
    }

    @Test
    void destinationRefusesToStart() throws Exception {
        Hypervisor absent = Hypervisor.kvm("B", Path.of("/dev/kvm-that-is-not-there"));

        Throwable thrown = catchThrowable(() -> host.migrate(vm, absent, MigrationOptions.HANDOFF));

        assertThat(thrown).hasMessageContaining("/dev/kvm-that-is-not-there");
        expectStillOnA(thrown);
    }

    @Test
    void sourceKilledBeforeItHandedOver() {
        Throwable thrown = catchThrowable(() -> host.migrate(vm, B, MigrationOptions.HANDOFF, new MigrationSteps() {
            @Override
            public boolean holdsBeforeSwitchover() {
                return true;
            }

            @Override
            public void beforeSwitchover(QemuProcess destination) {
                signal("KILL", vm.pid());
            }
        }));

        assertThat(thrown)
                .isInstanceOf(EngineException.Ended.class)
                .hasMessageContaining("VM web1 ended on hypervisor A")
                .hasMessageContaining("killed by signal 9");
        assertThat(vm.alive()).isFalse();
        assertThat(vm.end()).hasValueSatisfying(end -> assertThat(end).contains("killed by signal 9"));
    }

    @Test
    void sourceKilledAfterItHandedOver() throws Exception {
        MigrationResult result = host.migrate(vm, B, MigrationOptions.HANDOFF, new MigrationSteps() {
            @Override
            public void beforeCommit(QemuProcess destination) {
                signal("KILL", vm.pid());
            }
        });

        assertThat(result.qemuDowntimeMillis()).as("nobody is left to say").isEmpty();
        assertThat(vm.hypervisor()).isEqualTo(B);
        guest.expectAlive();
        guest.expectFlawless();
    }

    @Test
    void deadVmIsRefused() throws Exception {
        signal("KILL", vm.pid());
        vm.instance().process().awaitExit(SmallGuest.PATIENCE);

        assertThatThrownBy(() -> host.migrate(vm, B, MigrationOptions.HANDOFF))
                .isInstanceOf(EngineException.Refused.class)
                .hasMessageContaining("VM web1 does not run on hypervisor A any more: it was killed by signal 9");
        host.stop(vm);
        assertThat(host.vms()).isEmpty();
    }

    @Test
    void oneMigrationAtATime() throws Exception {
        var held = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var first = CompletableFuture.supplyAsync(() -> {
            try {
                return host.migrate(vm, B, MigrationOptions.HANDOFF, new MigrationSteps() {
                    @Override
                    public void prepared(QemuProcess destination) {
                        held.countDown();
                        await(go);
                    }
                });
            } catch (EngineException failed) {
                throw new AssertionError(failed);
            }
        });
        assertThat(held.await(60, TimeUnit.SECONDS)).isTrue();

        assertThatThrownBy(() -> host.migrate(vm, A, MigrationOptions.COPY))
                .isInstanceOf(EngineException.Refused.class)
                .hasMessageContaining("VM web1 is busy with its migration to hypervisor B");
        assertThatThrownBy(() -> host.stop(vm)).isInstanceOf(EngineException.Refused.class);
        go.countDown();

        assertThat(first.get(60, TimeUnit.SECONDS).to()).isEqualTo("B");
        guest.expectAlive();
        guest.expectFlawless();
    }

    @Test
    void closingInTheMiddleLeavesNoProcess() throws Exception {
        var destinationPid = new CompletableFuture<Long>();
        long sourcePid = vm.pid();

        assertThatThrownBy(() -> host.migrate(vm, B, MigrationOptions.HANDOFF, new MigrationSteps() {
                    @Override
                    public void prepared(QemuProcess destination) {
                        destinationPid.complete(destination.pid());
                        host.close();
                    }
                }))
                .isInstanceOf(EngineException.Ended.class);

        assertThat(ProcessHandle.of(sourcePid)).isEmpty();
        assertThat(ProcessHandle.of(destinationPid.get())).isEmpty();
        assertThat(vm.instance().memory().orElseThrow()).doesNotExist();
    }

    private static void signal(String name, long pid) {
        try {
            // The shell's own kill: the program is in procps, which a small Debian lacks.
            int status = new ProcessBuilder("sh", "-c", "kill -\"$0\" \"$1\"", name, Long.toString(pid))
                    .start()
                    .waitFor();
            assertThat(status).as("kill").isZero();
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }
}
