package io.twinhype.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * The host's end of one of the lab's virtio-serial ports: a UNIX socket on which QEMU connects when it starts. QEMU being
 * the client has the good side that a QEMU whose parent is already gone ends at once.
 */
final class Port implements AutoCloseable {
    private final String name;
    private final Path socket;
    private final ServerSocketChannel server;
    private final CompletableFuture<SocketChannel> connection = new CompletableFuture<>();

    private Port(String name, Path socket, ServerSocketChannel server) {
        this.name = name;
        this.socket = socket;
        this.server = server;
    }

    static Port listen(Path directory, String name) throws LabException {
        Path socket = directory.resolve(name);
        try {
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket));
            return new Port(name, socket, server);
        } catch (IOException e) {
            throw new LabException.Unprepared(
                    "The lab's socket " + socket + " cannot be made: " + e.getMessage()
                            + ". Set TMPDIR to a directory with a short path.",
                    e);
        }
    }

    String name() {
        return name;
    }

    Path socket() {
        return socket;
    }

    /** What reads a port until its end. */
    interface Reader {
        void read(InputStream stream) throws IOException;
    }

    /**
     * Reads the port on a thread of its own.
     *
     * @return done when the lab's end is closed
     */
    CompletableFuture<Void> read(Reader reader) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofVirtual().name("lab-" + name).start(() -> {
            try (SocketChannel channel = server.accept()) {
                connection.complete(channel);
                reader.read(Channels.newInputStream(channel));
            } catch (IOException e) {
                // The lab was ended from here: its end of the stream is as good as any other.
            } finally {
                connection.cancel(false);
                done.complete(null);
            }
        });
        return done;
    }

    /** Where to write to the lab, once QEMU has connected. */
    CompletableFuture<OutputStream> output() {
        return connection.thenApply(Channels::newOutputStream);
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            // The socket's directory is removed in a moment; there is nothing to lose.
        }
    }
}
