package io.twinhype.qemu;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** The QEMU end of a monitor connection, for what the real one can't be made to do: a script of reads and writes. */
final class FakeMonitor implements AutoCloseable {
    static final String GREETING = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}";

    /** What this monitor does once somebody connected. */
    @FunctionalInterface
    interface Script {
        void play(FakeMonitor monitor) throws IOException;
    }

    private final ServerSocketChannel server;
    private Optional<SocketChannel> connection = Optional.empty();
    private Optional<BufferedReader> reader = Optional.empty();

    private FakeMonitor(ServerSocketChannel server) {
        this.server = server;
    }

    static FakeMonitor listen(Path socket, Script script) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        var monitor = new FakeMonitor(server);
        Thread.ofPlatform().daemon().start(() -> monitor.run(script));
        return monitor;
    }

    private void run(Script script) {
        try (SocketChannel accepted = server.accept()) {
            connection = Optional.of(accepted);
            reader = Optional.of(new BufferedReader(
                    new InputStreamReader(Channels.newInputStream(accepted), StandardCharsets.UTF_8)));
            script.play(this);
        } catch (IOException closed) {
            // The test is over.
        }
    }

    void say(String line) throws IOException {
        connection.orElseThrow().write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    String hear() throws IOException {
        String line = reader.orElseThrow().readLine();
        if (line == null) {
            throw new IOException("closed");
        }
        return line;
    }

    /** Greets and negotiates as QEMU does. */
    void negotiate() throws IOException {
        say(GREETING);
        answer(hear(), "{}");
    }

    /** Answers a command that was heard. */
    void answer(String command, String result) throws IOException {
        say("{\"return\": " + result + ", \"id\": \"" + id(command) + "\"}");
    }

    static String id(String command) throws IOException {
        return QmpWire.JSON.readTree(command).path("id").asString("");
    }

    @Override
    public void close() throws IOException {
        server.close();
        if (connection.isPresent()) {
            connection.get().close();
        }
    }
}
