package io.twinhype.qemu;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Carries JSON objects, one per line, over a UNIX-domain socket: the bottom of QMP (QEMU's
 * docs/interop/qmp-spec). One thread reads; any thread may write.
 */
final class QmpWire implements AutoCloseable {
    /** Shared: building a mapper is what costs. */
    static final JsonMapper JSON = JsonMapper.builder().build();

    private static final int LONGEST_LINE = 16 << 20;

    private final SocketChannel channel;
    private final ByteBuffer received = ByteBuffer.allocate(16384).flip();
    private final Object writing = new Object();

    private QmpWire(SocketChannel channel) {
        this.channel = channel;
    }

    static QmpWire connect(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return new QmpWire(channel);
        } catch (IOException | RuntimeException refused) {
            channel.close();
            throw refused;
        }
    }

    /** Returns the next object, or nothing once the other end has closed. */
    Optional<JsonNode> read() throws IOException {
        var line = new ByteArrayOutputStream(256);
        while (true) {
            while (received.hasRemaining()) {
                byte next = received.get();
                if (next == '\n') {
                    return Optional.of(parse(line));
                }
                line.write(next);
            }
            if (line.size() > LONGEST_LINE) {
                throw new IOException("a QMP message longer than " + LONGEST_LINE + " bytes");
            }
            received.clear();
            int count = channel.read(received);
            received.flip();
            if (count < 0) {
                return Optional.empty();
            }
        }
    }

    private static JsonNode parse(ByteArrayOutputStream line) throws IOException {
        try {
            return JSON.readTree(line.toByteArray());
        } catch (JacksonException malformed) {
            throw new IOException("not JSON: " + malformed.getMessage(), malformed);
        }
    }

    void write(JsonNode message) throws IOException {
        byte[] text = JSON.writeValueAsBytes(message);
        ByteBuffer line =
                ByteBuffer.allocate(text.length + 1).put(text).put((byte) '\n').flip();
        // An interrupted thread's write would close the channel, and with it the only way to know what QEMU does.
        boolean interrupted = Thread.interrupted();
        try {
            synchronized (writing) {
                while (line.hasRemaining()) {
                    channel.write(line);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
