package io.twinhype.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads what the kernel logs from now on, from {@code /dev/kmsg} (Documentation/ABI/testing/dev-kmsg). */
public final class KernelLog implements AutoCloseable {
    private static final Path DEVICE = Path.of("/dev/kmsg");
    /** CONSOLE_EXT_LOG_MAX: a record is never longer. */
    private static final int RECORD_BYTES = 8192;

    private final Fd device;

    private KernelLog(Fd device) {
        this.device = device;
    }

    /** Starts to listen: {@link #messages} will return what is logged after this call. */
    public static KernelLog listen() throws LinuxException {
        Fd device = Fd.open(DEVICE, Fd.O_RDONLY | Fd.O_NONBLOCK);
        try {
            device.seekEnd();
        } catch (LinuxException e) {
            device.close();
            throw e;
        }
        return new KernelLog(device);
    }

    /** The messages logged since the last call, oldest first; those of user space are left out. */
    public List<String> messages() throws LinuxException {
        List<String> messages = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(RECORD_BYTES);
            while (true) {
                long length;
                try {
                    length = device.read(buffer);
                } catch (LinuxException e) {
                    if (e.errno().equals(Errno.EAGAIN)) {
                        return messages;
                    }
                    if (e.errno().equals(Errno.EPIPE)) {
                        continue; // The ring overtook us; the next read goes on at its oldest record.
                    }
                    throw e;
                }
                byte[] record = buffer.asSlice(0, length).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
                parse(new String(record, StandardCharsets.UTF_8)).ifPresent(messages::add);
            }
        }
    }

    /** Parses {@code priority,sequence,microseconds,flags;text}, of which the priority's bits from 3 on name the sender. */
    static Optional<String> parse(String record) {
        int comma = record.indexOf(',');
        int semicolon = record.indexOf(';');
        if (comma < 0 || semicolon < comma) {
            return Optional.empty();
        }
        int end = record.indexOf('\n', semicolon);
        String text = record.substring(semicolon + 1, end < 0 ? record.length() : end);
        try {
            boolean fromKernel = Integer.parseInt(record.substring(0, comma)) >> 3 == 0;
            return fromKernel ? Optional.of(text) : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    @Override
    public void close() throws LinuxException {
        device.close();
    }
}
