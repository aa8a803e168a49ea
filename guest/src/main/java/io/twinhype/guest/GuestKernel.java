package io.twinhype.guest;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.SingleXZInputStream;

/**
 * Unpacks a kernel on the host, so that no guest has to: under emulation that takes most of a boot. QEMU boots the
 * unpacked kernel, an ELF file, through its PVH entry (CONFIG_PVH; Debian has it).
 */
final class GuestKernel {
    /** "HdrS" at 0x202: Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header". */
    private static final int HEADER_MAGIC = 0x53726448;

    private static final int SETUP_SECTORS = 0x1f1;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final byte[] XZ = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};
    private static final byte[] GZIP = {0x1f, (byte) 0x8b};
    private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

    private GuestKernel() {}

    /** Returns the unpacked kernel from the cache, or the given file itself if it is packed in a way not known here. */
    static Path unpack(Path kernel, Path cache) throws GuestException {
        try {
            byte[] image = Files.readAllBytes(kernel);
            Path unpacked = cache.resolve("vmlinux-" + ContentHash.of(image));
            if (Files.exists(unpacked)) {
                return unpacked;
            }
            Optional<InputStream> payload = payload(image);
            if (payload.isEmpty()) {
                return kernel;
            }
            Files.createDirectories(cache);
            Path unfinished = Files.createTempFile(cache, "vmlinux", ".tmp");
            try (InputStream in = payload.get()) {
                Files.copy(in, unfinished, StandardCopyOption.REPLACE_EXISTING);
                Files.move(unfinished, unpacked, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(unfinished);
            }
            return unpacked;
        } catch (IOException unusable) {
            throw new GuestException(
                    "cannot unpack the guest's kernel " + kernel + " into " + cache + ": " + unusable.getMessage(),
                    unusable);
        }
    }

    private static Optional<InputStream> payload(byte[] image) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        if (image.length < 0x260 || header.getInt(0x202) != HEADER_MAGIC) {
            throw new IOException("it is not a Linux kernel image (no boot header)");
        }
        int start = (Byte.toUnsignedInt(image[SETUP_SECTORS]) + 1) * 512 + header.getInt(PAYLOAD_OFFSET);
        int length = header.getInt(PAYLOAD_LENGTH);
        if (start < 0 || length <= 0 || start > image.length - length) {
            throw new IOException("its boot header points outside the file");
        }
        var packed = new ByteArrayInputStream(image, start, length);
        if (startsWith(image, start, XZ)) {
            return Optional.of(new SingleXZInputStream(packed));
        }
        if (startsWith(image, start, GZIP)) {
            return Optional.of(new GZIPInputStream(packed));
        }
        return startsWith(image, start, ELF) ? Optional.of(packed) : Optional.empty();
    }

    private static boolean startsWith(byte[] image, int start, byte[] magic) {
        return Arrays.equals(image, start, start + magic.length, magic, 0, magic.length);
    }
}
