package io.twinhype.linux;

/**
 * Names an error number of the kernel ({@code errno(3)}).
 *
 * @param number the positive error number, for example 2 for {@code ENOENT}
 */
public record Errno(int number) {
    public static final Errno EPERM = new Errno(1);
    public static final Errno ENOENT = new Errno(2);
    public static final Errno EINTR = new Errno(4);
    public static final Errno ENOEXEC = new Errno(8);
    public static final Errno EBADF = new Errno(9);
    public static final Errno EAGAIN = new Errno(11);
    public static final Errno EACCES = new Errno(13);
    public static final Errno EBUSY = new Errno(16);
    public static final Errno EEXIST = new Errno(17);
    public static final Errno ENOTTY = new Errno(25);
    public static final Errno EPIPE = new Errno(32);
    public static final Errno EMSGSIZE = new Errno(90);
    public static final Errno ECONNRESET = new Errno(104);
    public static final Errno ECONNREFUSED = new Errno(111);

    /** The symbolic name, such as {@code EBUSY}; {@code "errno N"} for a number glibc does not know. */
    public String symbol() {
        return LibC.errorName(number).orElse("errno " + number);
    }

    /** The description of {@code strerror(3)} in the C locale, such as "Device or resource busy". */
    public String description() {
        return LibC.errorDescription(number).orElse("unknown error");
    }

    @Override
    public String toString() {
        return description() + " (" + symbol() + ")";
    }
}
