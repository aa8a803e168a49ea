package io.twinhype.linux;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/** An open file descriptor, closed exactly once. */
public final class Fd implements AutoCloseable {
    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_NONBLOCK = 0x800;
    /** Only names a file or directory, for use as {@code /proc/self/fd/N} (open(2)). */
    public static final int O_PATH = 0x200000;

    private static final int O_CLOEXEC = 0x80000;

    private final int number;
    private final String object;
    private final AtomicBoolean open = new AtomicBoolean(true);

    private Fd(int number, String object) {
        this.number = number;
        this.object = object;
    }

    /**
     * Opens an existing file with {@code open(2)}, always close-on-exec.
     *
     * @param flags {@code O_RDONLY}, {@code O_RDWR} or {@code O_PATH}, and {@code O_NONBLOCK}
     */
    public static Fd open(Path path, int flags) throws LinuxException {
        return new Fd(LibC.open(path.toString(), flags | O_CLOEXEC), path.toString());
    }

    /** Takes over a descriptor that a system call has just returned. */
    static Fd of(int number, String object) {
        return new Fd(number, object);
    }

    /** The descriptor's number; valid until {@link #close}. */
    public int number() {
        if (!open.get()) {
            throw new IllegalStateException("the descriptor of " + object + " is closed");
        }
        return number;
    }

    /**
     * Makes an ioctl whose argument is a number.
     *
     * @param name what errors call the request, for example {@code KVM_RUN}
     * @return the call's result, 0 or positive
     */
    public int ioctl(String name, long request, long argument) throws LinuxException {
        return LibC.ioctl(number(), name + " on " + object, request, argument);
    }

    /** Makes an ioctl whose argument is a structure, at least as long as the request says. */
    public int ioctl(String name, long request, MemorySegment argument) throws LinuxException {
        if (!argument.isNative() || argument.byteSize() < Ioctl.argumentSize(request)) {
            throw new IllegalArgumentException(name + " takes " + Ioctl.argumentSize(request)
                    + " bytes of native memory, not " + argument.byteSize());
        }
        return LibC.ioctl(number(), name + " on " + object, request, argument);
    }

    /** Makes an ioctl whose result is a new descriptor, as KVM_CREATE_VM and KVM_CREATE_VCPU are. */
    public Fd ioctlForFd(String name, long request, long argument) throws LinuxException {
        return new Fd(ioctl(name, request, argument), name + " on " + object);
    }

    /**
     * Gives the file so many bytes of its own, filled with zeros, with {@code fallocate(2)}.
     *
     * @throws LinuxException ENOSPC if the file system has not as many: the file may have some of them
     */
    public void allocate(long length) throws LinuxException {
        LibC.allocate(number(), object, length);
    }

    /** Maps the first {@code length} bytes shared, readable and writable. */
    public Mapping map(long length) throws LinuxException {
        return Mapping.shared(this, length, object);
    }

    /**
     * Reads once into the buffer with {@code read(2)}.
     *
     * @return the number of bytes read, 0 at the end of the file
     */
    long read(MemorySegment buffer) throws LinuxException {
        return LibC.read(number(), object, buffer);
    }

    /** Moves to the end with {@code lseek(2)}. */
    void seekEnd() throws LinuxException {
        final int seekEnd = 2;
        LibC.seek(number(), object, 0, seekEnd);
    }

    /** Closes the descriptor; a second call does nothing. */
    @Override
    public void close() throws LinuxException {
        if (open.compareAndSet(true, false)) {
            LibC.close(number, object);
        }
    }

    @Override
    public String toString() {
        return object;
    }
}
