package io.twinhype.lab;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Optional;
import org.tukaani.xz.SingleXZInputStream;

/**
 * Unpacks a compressed kernel on this machine, where it takes a second, and not under emulation, where it takes three and
 * is done again at every boot. QEMU starts the unpacked ELF file by its PVH entry (Documentation/arch/x86/boot.rst, header
 * fields payload_offset and payload_length; CONFIG_PVH).
 */
final class KernelImage {
    private static final int SETUP_SECTORS = 0x1f1;
    private static final int MAGIC = 0x202;
    private static final int PROTOCOL_VERSION = 0x206;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;

    /** Room for a kernel of any distribution; more would be damage. */
    private static final int DECODER_MEMORY_KIBIBYTES = 256 * 1024;

    private static final byte[] XZ = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};

    private KernelImage() {}

    /**
     * What to boot a kernel from: its image unpacked into the cache, or the image itself if it cannot be started unpacked or
     * there is no room for it, which only makes the boot longer.
     *
     * @param cache a directory, made if missing, that holds the last unpacked kernel of each release
     */
    static Path bootable(LabKernel kernel, Path cache) {
        try {
            Path config = kernel.image().resolveSibling("config-" + kernel.release());
            if (!Files.isReadable(config) || !Files.readAllLines(config).contains("CONFIG_PVH=y")) {
                return kernel.image();
            }
            String prefix = "vmlinux-" + kernel.release() + "-";
            Path unpacked = cache.resolve(prefix + Files.size(kernel.image()) + "-"
                    + Files.getLastModifiedTime(kernel.image()).toMillis());
            if (Files.exists(unpacked)) {
                return unpacked;
            }
            Optional<byte[]> payload = payload(Files.readAllBytes(kernel.image()));
            if (payload.isEmpty()) {
                return kernel.image();
            }
            Files.createDirectories(cache);
            try (DirectoryStream<Path> earlier = Files.newDirectoryStream(cache, prefix + "*")) {
                for (Path file : earlier) {
                    Files.deleteIfExists(file);
                }
            }
            unpack(payload.get(), unpacked);
            return unpacked;
        } catch (IOException e) {
            return kernel.image();
        }
    }

    /** The compressed kernel inside an image, if it is compressed by xz. */
    static Optional<byte[]> payload(byte[] image) {
        ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        if (image.length < 1024 || header.getInt(MAGIC) != 0x53726448 || header.getShort(PROTOCOL_VERSION) < 0x208) {
            return Optional.empty();
        }
        int start = (Byte.toUnsignedInt(header.get(SETUP_SECTORS)) + 1) * 512 + header.getInt(PAYLOAD_OFFSET);
        int length = header.getInt(PAYLOAD_LENGTH);
        if (start < 0 || length < XZ.length || start > image.length - length) {
            return Optional.empty();
        }
        byte[] payload = Arrays.copyOfRange(image, start, start + length);
        return Arrays.equals(payload, 0, XZ.length, XZ, 0, XZ.length) ? Optional.of(payload) : Optional.empty();
    }

    /** Complete or not at all: labs may be started at the same time, and a disk may be full. */
    private static void unpack(byte[] payload, Path unpacked) throws IOException {
        Path partial = Files.createTempFile(unpacked.getParent(), "vmlinux-", ".partial");
        try {
            try (InputStream in = new SingleXZInputStream(new ByteArrayInputStream(payload), DECODER_MEMORY_KIBIBYTES);
                    OutputStream out = Files.newOutputStream(partial)) {
                in.transferTo(out);
            }
            Files.move(partial, unpacked, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }
}
