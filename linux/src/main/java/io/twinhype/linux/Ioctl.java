package io.twinhype.linux;

/**
 * Encodes ioctl requests as {@code include/uapi/asm-generic/ioctl.h} does: direction, size of the argument, type, number.
 */
public final class Ioctl {
    private static final int WRITE = 1;
    private static final int READ = 2;

    private Ioctl() {}

    /** {@code _IO}: the argument, if there is one, is a number. */
    public static long none(int type, int number) {
        return encode(0, type, number, 0);
    }

    /** {@code _IOW}: the kernel reads {@code size} bytes. */
    public static long write(int type, int number, int size) {
        return encode(WRITE, type, number, size);
    }

    /** {@code _IOR}: the kernel writes {@code size} bytes. */
    public static long read(int type, int number, int size) {
        return encode(READ, type, number, size);
    }

    /** {@code _IOWR}: the kernel reads and writes {@code size} bytes. */
    public static long readWrite(int type, int number, int size) {
        return encode(READ | WRITE, type, number, size);
    }

    /** The size of the argument in bytes that a request encodes. */
    static long argumentSize(long request) {
        return (request >> 16) & 0x3fff;
    }

    private static long encode(int direction, int type, int number, int size) {
        if (size < 0 || size > 0x3fff) {
            throw new IllegalArgumentException("an ioctl's argument has 0 to 16383 bytes, not " + size);
        }
        return ((long) direction << 30) | ((long) size << 16) | ((long) type << 8) | number;
    }
}
