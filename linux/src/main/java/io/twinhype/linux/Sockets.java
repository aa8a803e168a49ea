package io.twinhype.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * glibc's wrappers for UNIX sockets of packets, on x86-64. Constants and layouts: include/linux/socket.h,
 * include/uapi/linux/un.h, include/uapi/asm-generic/socket.h, bits/socket.h of glibc.
 */
final class Sockets {
    private static final short AF_UNIX = 1;
    private static final int SOCK_SEQPACKET_CLOEXEC = 5 | 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SO_RCVTIMEO = 20;
    private static final int SO_SNDTIMEO = 21;
    private static final int SUN_PATH_OFFSET = 2;

    /** Bytes of {@code sun_path}, the last of which is NUL here. */
    private static final int SUN_PATH_SIZE = 108;

    private static final MethodHandle SOCKET =
            LibC.capturing("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle CONNECT =
            LibC.capturing("connect", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle BIND =
            LibC.capturing("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle LISTEN =
            LibC.capturing("listen", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle ACCEPT4 =
            LibC.capturing("accept4", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    private static final MethodHandle SETSOCKOPT = LibC.capturing(
            "setsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle GETSOCKOPT = LibC.capturing(
            "getsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle SENDMSG =
            LibC.capturing("sendmsg", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle RECVMSG =
            LibC.capturing("recvmsg", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));

    private Sockets() {}

    static Fd packetSocket(String object) throws LinuxException {
        // SAFETY: int socket(int, int, int), socket(2); no memory is passed.
        int number = (int) LibC.checked(
                "socket", object, state -> (int) SOCKET.invokeExact(state, (int) AF_UNIX, SOCK_SEQPACKET_CLOEXEC, 0));
        return Fd.of(number, object);
    }

    static void connect(Fd socket, String path) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(arena, path, "connect");
            // SAFETY: int connect(int, const struct sockaddr *, socklen_t), connect(2); the kernel copies the address,
            // whose length is the segment's own.
            LibC.checked("connect", socket.toString(), state ->
                    (int) CONNECT.invokeExact(state, socket.number(), address, (int) address.byteSize()));
        }
    }

    static void bindAndListen(Fd socket, String path, int backlog) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(arena, path, "bind");
            // SAFETY: int bind(int, const struct sockaddr *, socklen_t), bind(2); as connect.
            LibC.checked("bind", socket.toString(), state ->
                    (int) BIND.invokeExact(state, socket.number(), address, (int) address.byteSize()));
        }
        // SAFETY: int listen(int, int), listen(2); no memory is passed.
        LibC.checked("listen", socket.toString(), state -> (int) LISTEN.invokeExact(state, socket.number(), backlog));
    }

    static Fd accept(Fd socket) throws LinuxException {
        final int cloexec = 0x80000;
        // SAFETY: int accept4(int, struct sockaddr *, socklen_t *, int), accept(2); both may be NULL.
        int number = (int) LibC.checked("accept", socket.toString(), state ->
                (int) ACCEPT4.invokeExact(state, socket.number(), MemorySegment.NULL, MemorySegment.NULL, cloexec));
        return Fd.of(number, socket.toString());
    }

    /** {@code SO_RCVTIMEO} and {@code SO_SNDTIMEO}: also how long connect and accept may wait (socket(7)). */
    static void timeout(Fd socket, Duration patience) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(2 * ValueLayout.JAVA_LONG.byteSize(), ValueLayout.JAVA_LONG.byteSize());
            // struct timeval: seconds, microseconds. Both 0 would mean for ever.
            long micros = Math.max(1, patience.toNanos() / 1_000);
            time.setAtIndex(JAVA_LONG, 0, micros / 1_000_000);
            time.setAtIndex(JAVA_LONG, 1, micros % 1_000_000);
            for (int option : new int[] {SO_RCVTIMEO, SO_SNDTIMEO}) {
                // SAFETY: int setsockopt(int, int, int, const void *, socklen_t), setsockopt(2); the kernel copies
                // the value, whose length is the segment's own.
                LibC.checked("setsockopt", socket.toString(), state -> (int) SETSOCKOPT.invokeExact(
                        state, socket.number(), SOL_SOCKET, option, time, (int) time.byteSize()));
            }
        }
    }

    /** The process that listens, or connected; 0 if it is not visible from here. */
    static int peerPid(Fd socket) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            // struct ucred: pid, uid, gid (unix(7)).
            MemorySegment credentials = arena.allocate(JAVA_INT, 3);
            MemorySegment length = arena.allocateFrom(JAVA_INT, (int) credentials.byteSize());
            // SAFETY: int getsockopt(int, int, int, void *, socklen_t *), getsockopt(2); the kernel writes no more than
            // the given length.
            LibC.checked("getsockopt", socket.toString(), state ->
                    (int) GETSOCKOPT.invokeExact(state, socket.number(), SOL_SOCKET, SO_PEERCRED, credentials, length));
            return credentials.get(JAVA_INT, 0);
        }
    }

    static void send(Fd socket, MemorySegment header, int flags) throws LinuxException {
        // SAFETY: ssize_t sendmsg(int, const struct msghdr *, int), sendmsg(2); PacketMessage built the header, all
        // that
        // it points to is in the same arena.
        LibC.checked("sendmsg", socket.toString(), state ->
                (long) SENDMSG.invokeExact(state, socket.number(), header, flags));
    }

    static long receive(Fd socket, MemorySegment header, int flags) throws LinuxException {
        // SAFETY: ssize_t recvmsg(int, struct msghdr *, int), recvmsg(2); as send; the kernel writes no more than the
        // lengths in the header.
        return LibC.checked("recvmsg", socket.toString(), state ->
                (long) RECVMSG.invokeExact(state, socket.number(), header, flags));
    }

    /** {@code struct sockaddr_un}: family, path. */
    private static MemorySegment address(Arena arena, String path, String call) throws LinuxException {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        if (bytes.length >= SUN_PATH_SIZE) {
            throw new LinuxException(call, path, new Errno(36), "A socket's path has at most 107 bytes (unix(7)).");
        }
        MemorySegment address = arena.allocate(SUN_PATH_OFFSET + SUN_PATH_SIZE, 2);
        address.set(ValueLayout.JAVA_SHORT, 0, AF_UNIX);
        MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, SUN_PATH_OFFSET, bytes.length);
        return address;
    }
}
