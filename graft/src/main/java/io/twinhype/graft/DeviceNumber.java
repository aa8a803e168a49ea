package io.twinhype.graft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The number of a character device, which says which driver is behind a node, whatever the node is called and in whatever
 * mount namespace it is.
 */
public record DeviceNumber(int major, int minor) {
    /** The major number of miscellaneous devices, KVM's among them (Documentation/admin-guide/devices.txt). */
    static final int MISC = 10;

    /**
     * Reads the number of a device node, or of an open descriptor below {@code /proc}.
     *
     * @return 0:0 for what is no device
     * @throws IOException if there is no such file
     */
    public static DeviceNumber of(Path node) throws IOException {
        // glibc's dev_t: gnu_dev_major and gnu_dev_minor in bits/sysmacros.h.
        long device = ((Number) Files.getAttribute(node, "unix:rdev")).longValue();
        return new DeviceNumber((int) ((device >>> 8 & 0xfff) | (device >>> 32 & ~0xfff)), (int)
                ((device & 0xff) | (device >>> 12 & ~0xff)));
    }

    /** Reads {@code MAJOR:MINOR}. */
    static DeviceNumber parse(String text) {
        String[] numbers = text.split(":", -1);
        if (numbers.length != 2) {
            throw new NumberFormatException("not MAJOR:MINOR: " + text);
        }
        return new DeviceNumber(Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]));
    }

    @Override
    public String toString() {
        return major + ":" + minor;
    }
}
