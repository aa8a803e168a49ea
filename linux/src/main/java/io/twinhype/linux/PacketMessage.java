package io.twinhype.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.Optional;

/** A {@code struct msghdr} with one buffer and room for one descriptor (SCM_RIGHTS), on x86-64: recv(2), cmsg(3). */
final class PacketMessage {
    private static final StructLayout MSGHDR = MemoryLayout.structLayout(
            ADDRESS.withName("name"),
            JAVA_INT.withName("namelen"),
            MemoryLayout.paddingLayout(4),
            ADDRESS.withName("iov"),
            JAVA_LONG.withName("iovlen"),
            ADDRESS.withName("control"),
            JAVA_LONG.withName("controllen"),
            JAVA_INT.withName("flags"),
            MemoryLayout.paddingLayout(4));
    private static final long IOV = offset("iov");
    private static final long IOVLEN = offset("iovlen");
    private static final long CONTROL = offset("control");
    private static final long CONTROLLEN = offset("controllen");
    private static final long FLAGS = offset("flags");

    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 0x8;
    private static final int MSG_TRUNC = 0x20;

    /** {@code struct cmsghdr}: length, level, type; then the descriptor. CMSG_LEN(4) and CMSG_SPACE(4). */
    private static final long CMSG_LENGTH = 20;

    private static final long CMSG_SPACE = 24;
    private static final long CMSG_LEVEL = 8;
    private static final long CMSG_TYPE = 12;
    private static final long CMSG_DATA = 16;

    private final MemorySegment header;
    private final MemorySegment control;
    private final MemorySegment buffer;

    private PacketMessage(Arena arena, MemorySegment buffer, boolean descriptor) {
        this.buffer = buffer;
        header = arena.allocate(MSGHDR);
        control = arena.allocate(CMSG_SPACE, JAVA_LONG.byteAlignment());
        // struct iovec: base, length.
        MemorySegment vector = arena.allocate(ADDRESS.byteSize() + JAVA_LONG.byteSize(), ADDRESS.byteAlignment());
        vector.set(ADDRESS, 0, buffer);
        vector.set(JAVA_LONG, ADDRESS.byteSize(), buffer.byteSize());
        header.set(ADDRESS, IOV, vector);
        header.set(JAVA_LONG, IOVLEN, 1);
        if (descriptor) {
            header.set(ADDRESS, CONTROL, control);
            header.set(JAVA_LONG, CONTROLLEN, CMSG_SPACE);
        }
    }

    /** A message to send. */
    static PacketMessage of(Arena arena, byte[] bytes, Optional<Fd> descriptor) {
        PacketMessage message = new PacketMessage(arena, arena.allocateFrom(JAVA_BYTE, bytes), descriptor.isPresent());
        descriptor.ifPresent(fd -> {
            message.control.set(JAVA_LONG, 0, CMSG_LENGTH);
            message.control.set(JAVA_INT, CMSG_LEVEL, SOL_SOCKET);
            message.control.set(JAVA_INT, CMSG_TYPE, SCM_RIGHTS);
            message.control.set(JAVA_INT, CMSG_DATA, fd.number());
        });
        return message;
    }

    /** Room for a message of so many bytes. */
    static PacketMessage room(Arena arena, int bytes) {
        return new PacketMessage(arena, arena.allocate(bytes), true);
    }

    MemorySegment header() {
        return header;
    }

    /** Whether the kernel had to leave something out. */
    boolean truncated() {
        return (header.get(JAVA_INT, FLAGS) & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    }

    /** The first bytes of what was received. */
    byte[] bytes(long length) {
        return buffer.asSlice(0, length).toArray(JAVA_BYTE);
    }

    /** The descriptor that was received. */
    Optional<Fd> descriptor(String object) {
        boolean there = header.get(JAVA_LONG, CONTROLLEN) >= CMSG_LENGTH
                && control.get(JAVA_LONG, 0) >= CMSG_LENGTH
                && control.get(JAVA_INT, CMSG_LEVEL) == SOL_SOCKET
                && control.get(JAVA_INT, CMSG_TYPE) == SCM_RIGHTS;
        return there
                ? Optional.of(Fd.of(control.get(JAVA_INT, CMSG_DATA), "what came through " + object))
                : Optional.empty();
    }

    private static long offset(String field) {
        return MSGHDR.byteOffset(MemoryLayout.PathElement.groupElement(field));
    }
}
