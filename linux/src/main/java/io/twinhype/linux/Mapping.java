package io.twinhype.linux;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/** Memory from {@code mmap(2)}, readable and writable, unmapped exactly once. Must not be touched after {@link #close}. */
public final class Mapping implements AutoCloseable {
    private static final int PROT_READ_WRITE = 1 | 2;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_ANONYMOUS = 0x20;

    private final MemorySegment memory;
    private final String object;
    private final AtomicBoolean mapped = new AtomicBoolean(true);

    private Mapping(MemorySegment memory, String object) {
        this.memory = memory;
        this.object = object;
    }

    /** Maps {@code length} bytes of zeroed, page-aligned private memory. */
    public static Mapping anonymous(long length) throws LinuxException {
        String object = length + " bytes of memory";
        return new Mapping(LibC.mmap(length, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, object), object);
    }

    static Mapping shared(Fd fd, long length, String object) throws LinuxException {
        return new Mapping(LibC.mmap(length, PROT_READ_WRITE, MAP_SHARED, fd.number(), object), object);
    }

    /** The memory; valid until {@link #close}. */
    public MemorySegment memory() {
        if (!mapped.get()) {
            throw new IllegalStateException("the mapping of " + object + " is gone");
        }
        return memory;
    }

    /** Unmaps the memory; a second call does nothing. */
    @Override
    public void close() throws LinuxException {
        if (mapped.compareAndSet(true, false)) {
            LibC.munmap(memory, object);
        }
    }
}
