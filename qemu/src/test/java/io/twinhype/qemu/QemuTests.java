package io.twinhype.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real QEMU processes, with nothing to boot. */
@Tag("system")
final class QemuTests {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Set<MigrationCapability> CAPABILITIES =
            EnumSet.of(MigrationCapability.EVENTS, MigrationCapability.RETURN_PATH);

    @TempDir
    Path directory;

    private QemuProcess start(String name, boolean incoming) throws QemuException.NotStarted {
        var line = new QemuCommandLine("web1")
                .machine("pc-i440fx-7.2", "qemu64-v1,-svm", 1)
                .privateMemory(16);
        return new QemuLauncher(QemuBinary.find(), true, PATIENCE)
                .start("web1", directory.resolve(name), new Accelerator.Tcg(), incoming ? line.incoming() : line);
    }

    @Test
    void theStreamsLengthIsWhatARelayCounts() throws Exception {
        Path incoming = directory.resolve("incoming");
        Path relay = directory.resolve("relay");
        try (QemuProcess source = start("a", false);
                QemuProcess destination = start("b", true);
                var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                EventQueue events = source.monitor().session().subscribe("MIGRATION")) {
            assertThat(destination.monitor().status()).isEqualTo(new RunState("inmigrate", false));
            assertThat(source.monitor().version()).matches("[1-9]\\d*\\.\\d+\\.\\d+( \\(.+\\))?");
            destination.monitor().capabilities(CAPABILITIES);
            source.monitor().capabilities(CAPABILITIES);
            source.monitor().parameters(MigrationParameters.UNLIMITED);
            destination.monitor().migrateIncoming("unix:" + incoming);
            server.bind(UnixDomainSocketAddress.of(relay));
            CompletableFuture<Long> counted = CompletableFuture.supplyAsync(() -> relay(server, incoming));

            source.monitor().migrate("unix:" + relay);
            awaitCompletion(events);

            MigrationInfo info = source.monitor().migration();
            long bytes = counted.get();
            assertThat(info.streamBytes()).hasValue(bytes);
            assertThat(info.ramBytes())
                    .as("RAM alone in QEMU 7.2, the whole stream in 10.0: the whole is reckoned otherwise")
                    .isPositive()
                    .isLessThanOrEqualTo(bytes);
            destination.monitor().cont();
            assertThat(destination.monitor().status().running()).isTrue();
            assertThat(source.monitor().status()).isEqualTo(new RunState("postmigrate", false));
        }
    }

    private static void awaitCompletion(EventQueue events) {
        while (true) {
            QmpEvent event = events.next(PATIENCE).orElseThrow();
            MigrationStatus status =
                    MigrationStatus.named(event.data().path("status").asString());
            assertThat(status).isNotIn(MigrationStatus.FAILED, MigrationStatus.CANCELLED);
            if (status == MigrationStatus.COMPLETED) {
                return;
            }
        }
    }

    /** Passes everything on, both ways; returns how much went from the source to the destination. */
    private static long relay(ServerSocketChannel server, Path to) {
        try (SocketChannel source = server.accept();
                SocketChannel destination = SocketChannel.open(UnixDomainSocketAddress.of(to))) {
            Thread.ofPlatform().daemon().start(() -> pump(destination, source, new AtomicLong()));
            var count = new AtomicLong();
            pump(source, destination, count);
            return count.get();
        } catch (IOException broken) {
            throw new AssertionError(broken);
        }
    }

    private static void pump(SocketChannel from, SocketChannel to, AtomicLong count) {
        ByteBuffer buffer = ByteBuffer.allocate(65536);
        try {
            while (from.read(buffer) >= 0) {
                buffer.flip();
                count.addAndGet(buffer.remaining());
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
                buffer.clear();
            }
            to.shutdownOutput();
        } catch (IOException closed) {
            // One end went away first.
        }
    }

    @Test
    void aRejectedCommandHasNoEffect() throws Exception {
        try (QemuProcess qemu = start("a", false)) {
            assertThatThrownBy(() -> qemu.monitor().migrateIncoming("unix:/nowhere"))
                    .isInstanceOf(QemuException.Rejected.class)
                    .hasMessageContaining("web1 rejected migrate-incoming");
            assertThat(qemu.monitor().status().running()).isTrue();
        }
    }

    @Test
    void aKilledQemuIsNoticed() throws Exception {
        try (QemuProcess qemu = start("a", false)) {
            assertThat(qemu.kill()).isTrue();

            assertThat(qemu.alive()).isFalse();
            assertThat(qemu.describeExit()).isEqualTo("it was killed by signal 9");
            assertThatThrownBy(() -> qemu.monitor().cont()).isInstanceOf(QemuException.OutcomeUnknown.class);
        }
    }

    @Test
    void theSpareMonitorAnswersAndTheFirstComesBack() throws Exception {
        try (QemuProcess qemu = start("a", false);
                QemuMonitor spare = qemu.openSpareMonitor()) {
            assertThat(spare.status().running()).isTrue();
            qemu.monitor().close();
            assertThat(qemu.monitor().session().awaitEnd(PATIENCE)).isTrue();

            qemu.reconnect();

            assertThat(qemu.monitor().status().running()).isTrue();
        }
    }

    @Test
    void aWrongMachineTypeIsSaid() {
        var line = new QemuCommandLine("web1")
                .machine("pc-nonsense", "qemu64-v1", 1)
                .privateMemory(16);

        assertThatThrownBy(() -> new QemuLauncher(QemuBinary.find(), true, PATIENCE)
                        .start("web1", directory.resolve("a"), new Accelerator.Tcg(), line))
                .isInstanceOf(QemuException.NotStarted.class)
                .hasMessageContaining("unsupported machine type");
    }
}
