package io.twinhype.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * A UNIX socket of messages ({@code SOCK_SEQPACKET}, unix(7)): what is sent at once is received at once, and a message may
 * carry an open descriptor. The JDK's channels can do neither.
 */
public final class PacketSocket implements AutoCloseable {
    /** The longest message that can be received, in bytes. */
    public static final int LONGEST = 64 * 1024;

    private static final int LONGEST_PATH = 107;
    private static final int BACKLOG = 16;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;

    private final Fd fd;

    private PacketSocket(Fd fd) {
        this.fd = fd;
    }

    /**
     * Connects to who listens at a path, however long the path is.
     *
     * @param patience for the connection
     * @throws LinuxException ENOENT or ECONNREFUSED if nobody listens there, EACCES, EAGAIN if it took too long
     */
    public static PacketSocket connect(Path path, Duration patience) throws LinuxException {
        Fd fd = Sockets.packetSocket(path.toString());
        try {
            Sockets.timeout(fd, patience);
            at(path, shortPath -> Sockets.connect(fd, shortPath));
            return new PacketSocket(fd);
        } catch (LinuxException failed) {
            fd.close();
            throw failed;
        }
    }

    /** Listens at a path that must not exist yet. */
    public static PacketSocket listen(Path path) throws LinuxException {
        Fd fd = Sockets.packetSocket(path.toString());
        try {
            at(path, shortPath -> Sockets.bindAndListen(fd, shortPath, BACKLOG));
            return new PacketSocket(fd);
        } catch (LinuxException failed) {
            fd.close();
            throw failed;
        }
    }

    private interface Use {
        void of(String path) throws LinuxException;
    }

    /** A path too long for the kernel's structure is reached through an open descriptor of its directory. */
    private static void at(Path path, Use use) throws LinuxException {
        Path directory = path.getParent();
        if (directory == null || path.toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST_PATH) {
            use.of(path.toString());
            return;
        }
        try (Fd open = Fd.open(directory, Fd.O_PATH)) {
            use.of("/proc/self/fd/" + open.number() + "/" + path.getFileName());
        }
    }

    /** Waits for the next one who connects. */
    public PacketSocket accept() throws LinuxException {
        return new PacketSocket(Sockets.accept(fd));
    }

    /** The process at the other end, as this one sees it: of one that listens, the one that began to; 0 if invisible. */
    public long peer() throws LinuxException {
        return Sockets.peerPid(fd);
    }

    /**
     * Sends one message.
     *
     * @throws LinuxException EPIPE if the other end is closed
     */
    public void send(String text, Optional<Fd> descriptor) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            Sockets.send(fd, PacketMessage.of(arena, bytes, descriptor).header(), MSG_NOSIGNAL);
        }
    }

    /**
     * Waits for one message.
     *
     * @return the message; empty if the other end was closed
     * @throws LinuxException EAGAIN if none came in time, EMSGSIZE if it was longer than {@link #LONGEST}
     */
    public Optional<Packet> receive(Duration patience) throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        try (Arena arena = Arena.ofConfined()) {
            PacketMessage message = PacketMessage.room(arena, LONGEST);
            long length = await(message, deadline);
            Optional<Fd> descriptor = message.descriptor(fd.toString());
            if (message.truncated()) {
                if (descriptor.isPresent()) {
                    descriptor.get().close();
                }
                throw new LinuxException("recvmsg", fd.toString(), Errno.EMSGSIZE);
            }
            // A packet of no bytes looks the same (recv(2)); nobody here sends such.
            return length == 0 && descriptor.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Packet(new String(message.bytes(length), StandardCharsets.UTF_8), descriptor));
        }
    }

    private long await(PacketMessage message, long deadline) throws LinuxException {
        while (true) {
            Sockets.timeout(fd, Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
            try {
                return Sockets.receive(fd, message.header(), MSG_CMSG_CLOEXEC);
            } catch (LinuxException failed) {
                // With a time-out set, a handler's return does not resume the call (signal(7)).
                if (!failed.errno().equals(Errno.EINTR)) {
                    throw failed;
                }
            }
        }
    }

    /** Closes the socket; a second call does nothing. */
    @Override
    public void close() throws LinuxException {
        fd.close();
    }
}
