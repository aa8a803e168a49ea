package io.twinhype.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PacketSocketTests {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @TempDir
    private Path directory;

    @Test
    void messagesArriveOneByOneWithTheirDescriptor() throws Exception {
        Path path = directory.resolve("s");
        Path file = Files.writeString(directory.resolve("file"), "content");
        try (PacketSocket server = PacketSocket.listen(path);
                PacketSocket client = PacketSocket.connect(path, PATIENCE);
                PacketSocket accepted = server.accept();
                Fd sent = Fd.open(file, Fd.O_RDONLY)) {
            client.send("one", Optional.of(sent));
            client.send("two", Optional.empty());
            Packet first = accepted.receive(PATIENCE).orElseThrow();
            assertThat(first.text()).isEqualTo("one");
            try (Fd received = first.descriptor().orElseThrow()) {
                assertThat(received.number()).isNotEqualTo(sent.number());
                assertThat(Path.of("/proc/self/fd/" + received.number()).toRealPath())
                        .isEqualTo(file.toRealPath());
            }
            assertThat(accepted.receive(PATIENCE)).contains(new Packet("two", Optional.empty()));
            assertThat(client.peer())
                    .isEqualTo(accepted.peer())
                    .isEqualTo(ProcessHandle.current().pid());
        }
    }

    @Test
    void thePathMayBeLong() throws Exception {
        Path deep = Files.createDirectories(directory.resolve("d".repeat(120)));
        Path path = deep.resolve("s");
        try (PacketSocket server = PacketSocket.listen(path);
                PacketSocket client = PacketSocket.connect(path, PATIENCE);
                PacketSocket accepted = server.accept()) {
            client.send("far", Optional.empty());
            assertThat(accepted.receive(PATIENCE)).map(Packet::text).contains("far");
        }
    }

    @Test
    void silenceIsATimeoutAndAClosedEndIsTheEnd() throws Exception {
        Path path = directory.resolve("s");
        try (PacketSocket server = PacketSocket.listen(path);
                PacketSocket client = PacketSocket.connect(path, PATIENCE)) {
            try (PacketSocket accepted = server.accept()) {
                assertThatExceptionOfType(LinuxException.class)
                        .isThrownBy(() -> client.receive(Duration.ofMillis(20)))
                        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EAGAIN));
                accepted.send("x".repeat(PacketSocket.LONGEST), Optional.empty());
                assertThat(client.receive(PATIENCE).orElseThrow().text()).hasSize(PacketSocket.LONGEST);
                accepted.send("x".repeat(PacketSocket.LONGEST + 1), Optional.empty());
                assertThatExceptionOfType(LinuxException.class)
                        .isThrownBy(() -> client.receive(PATIENCE))
                        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EMSGSIZE));
            }
            assertThat(client.receive(PATIENCE)).isEmpty();
            assertThatExceptionOfType(LinuxException.class)
                    .isThrownBy(() -> client.send("more", Optional.empty()))
                    .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EPIPE));
        }
    }

    @Test
    void whereNobodyListensIsNamed() throws Exception {
        Path path = directory.resolve("s");
        assertThatExceptionOfType(LinuxException.class)
                .isThrownBy(() -> PacketSocket.connect(path, PATIENCE))
                .withMessage("connect " + path + ": No such file or directory (ENOENT)");
        PacketSocket.listen(path).close();
        assertThatExceptionOfType(LinuxException.class)
                .isThrownBy(() -> PacketSocket.connect(path, PATIENCE))
                .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ECONNREFUSED));
    }
}
