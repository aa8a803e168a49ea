package io.twinhype.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/** glibc's wrappers on x86-64, and {@code syscall(2)} for what has none. Layouts after the manual pages' prototypes. */
final class LibC {
    /** {@code SYS_finit_module} and {@code SYS_delete_module}: arch/x86/entry/syscalls/syscall_64.tbl. */
    private static final long SYS_FINIT_MODULE = 313;

    private static final long SYS_DELETE_MODULE = 176;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");

    private static final MethodHandle OPEN =
            capturing("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), 2);
    private static final MethodHandle CLOSE = capturing("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle READ =
            capturing("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle LSEEK =
            capturing("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle IOCTL =
            capturing("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG), 2);
    private static final MethodHandle IOCTL_POINTER =
            capturing("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), 2);
    private static final MethodHandle MMAP = capturing(
            "mmap", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP = capturing("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle FINIT_MODULE =
            capturing("syscall", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG), 1);
    private static final MethodHandle DELETE_MODULE =
            capturing("syscall", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG), 1);
    private static final MethodHandle FALLOCATE =
            capturing("fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle SETPRIORITY =
            capturing("setpriority", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle STRERRORNAME = plain("strerrorname_np");
    private static final MethodHandle STRERRORDESC = plain("strerrordesc_np");

    private LibC() {}

    /** One call of the C library; a negative result means that errno was set. */
    @FunctionalInterface
    interface Call {
        long invoke(MemorySegment state) throws Throwable;
    }

    static int open(String path, int flags) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(path);
            // SAFETY: int open(const char *, int, ...), open(2); name is NUL-terminated and outlives the call, which
            // does not keep it; the mode is only read with O_CREAT, which no caller passes.
            return (int) checked("open", path, state -> (int) OPEN.invokeExact(state, name, flags, 0));
        }
    }

    static void close(int fd, String object) throws LinuxException {
        // SAFETY: int close(int), close(2); Fd calls it once per descriptor, so no reused number can be closed.
        checked("close", object, state -> (int) CLOSE.invokeExact(state, fd));
    }

    static long read(int fd, String object, MemorySegment buffer) throws LinuxException {
        // SAFETY: ssize_t read(int, void *, size_t), read(2); the length is the segment's own, alive during the call.
        return checked("read", object, state -> (long) READ.invokeExact(state, fd, buffer, buffer.byteSize()));
    }

    static long seek(int fd, String object, long offset, int whence) throws LinuxException {
        // SAFETY: off_t lseek(int, off_t, int), lseek(2); no memory is passed.
        return checked("lseek", object, state -> (long) LSEEK.invokeExact(state, fd, offset, whence));
    }

    static int ioctl(int fd, String object, long request, long argument) throws LinuxException {
        // SAFETY: int ioctl(int, unsigned long, ...), ioctl(2); for requests whose argument is a number, no memory.
        return (int) checked("ioctl", object, state -> (int) IOCTL.invokeExact(state, fd, request, argument));
    }

    static int ioctl(int fd, String object, long request, MemorySegment argument) throws LinuxException {
        // SAFETY: int ioctl(int, unsigned long, ...), ioctl(2); Fd checks that the segment is at least as long as the
        // size encoded in the request; the segment is alive during the call.
        return (int) checked("ioctl", object, state -> (int) IOCTL_POINTER.invokeExact(state, fd, request, argument));
    }

    static MemorySegment mmap(long length, int protection, int flags, int fd, String object) throws LinuxException {
        // SAFETY: void *mmap(void *, size_t, int, int, int, off_t), mmap(2); the kernel chooses the address (no
        // MAP_FIXED), so no existing mapping is replaced. MAP_FAILED is (void *) -1.
        long address = checked("mmap", object, state -> ((MemorySegment)
                        MMAP.invokeExact(state, MemorySegment.NULL, length, protection, flags, fd, 0L))
                .address());
        // SAFETY: the kernel mapped exactly this many bytes there; Mapping bounds their lifetime.
        return MemorySegment.ofAddress(address).reinterpret(length);
    }

    static void munmap(MemorySegment memory, String object) throws LinuxException {
        // SAFETY: int munmap(void *, size_t), munmap(2); called once by Mapping, with what mmap returned.
        checked("munmap", object, state -> (int) MUNMAP.invokeExact(state, memory, memory.byteSize()));
    }

    static void finitModule(int fd, String object, String parameters) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(parameters);
            // SAFETY: finit_module(int, const char *, int), finit_module(2), through syscall(2); the kernel copies the
            // parameters before it returns.
            checked("finit_module", object, state ->
                    (long) FINIT_MODULE.invokeExact(state, SYS_FINIT_MODULE, (long) fd, text, 0L));
        }
    }

    static void deleteModule(String name, int flags) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(name);
            // SAFETY: delete_module(const char *, unsigned int), delete_module(2), through syscall(2); the kernel
            // copies
            // the name.
            checked("delete_module", name, state ->
                    (long) DELETE_MODULE.invokeExact(state, SYS_DELETE_MODULE, text, (long) flags));
        }
    }

    static void allocate(int fd, String object, long length) throws LinuxException {
        // SAFETY: int fallocate(int, int, off_t, off_t), fallocate(2); no memory is passed.
        checked("fallocate", object, state -> (int) FALLOCATE.invokeExact(state, fd, 0, 0L, length));
    }

    /** {@code PRIO_PROCESS} of a thread: on Linux, the nice value belongs to each thread (setpriority(2), NOTES). */
    static void setPriority(int thread, int nice) throws LinuxException {
        // SAFETY: int setpriority(int, id_t, int), setpriority(2); no memory is passed. PRIO_PROCESS is 0.
        checked("setpriority", "thread " + thread, state -> (int) SETPRIORITY.invokeExact(state, 0, thread, nice));
    }

    static Optional<String> errorName(int number) {
        return staticText(STRERRORNAME, number);
    }

    static Optional<String> errorDescription(int number) {
        return staticText(STRERRORDESC, number);
    }

    private static Optional<String> staticText(MethodHandle function, int number) {
        MemorySegment text;
        try {
            // SAFETY: const char *f(int), strerror(3); the result is NULL or a static NUL-terminated string.
            text = (MemorySegment) function.invokeExact(number);
        } catch (Throwable e) {
            throw new AssertionError("strerror(3) does not throw", e);
        }
        return text.equals(MemorySegment.NULL) ? Optional.empty() : Optional.of(text.getString(0));
    }

    /** Makes a call; throws what it says is wrong. */
    static long checked(String call, String object, Call body) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long result = body.invoke(state);
            // Addresses of user space are positive on x86-64, so that one test serves mmap, too.
            if (result < 0) {
                throw new LinuxException(call, object, new Errno((int) ERRNO.get(state, 0L)));
            }
            return result;
        } catch (LinuxException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall throws nothing else", e);
        }
    }

    /** A function that sets errno. */
    static MethodHandle capturing(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, CAPTURE_ERRNO);
    }

    private static MethodHandle capturing(String name, FunctionDescriptor descriptor, int firstVariadic) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                descriptor,
                CAPTURE_ERRNO,
                Linker.Option.firstVariadicArg(firstVariadic));
    }

    private static MethodHandle plain(String name) {
        AddressLayout text = ADDRESS.withTargetLayout(
                MemoryLayout.sequenceLayout(Long.MAX_VALUE, java.lang.foreign.ValueLayout.JAVA_BYTE));
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), FunctionDescriptor.of(text, JAVA_INT));
    }
}
