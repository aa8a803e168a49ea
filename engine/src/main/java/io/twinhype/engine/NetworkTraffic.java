package io.twinhype.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Counts what the network interfaces of this machine move. */
final class NetworkTraffic {
    private static final Path COUNTERS = Path.of("/proc/net/dev");

    private final long before = bytes();

    private NetworkTraffic() {}

    /** Starts to count. */
    static NetworkTraffic start() {
        return new NetworkTraffic();
    }

    /** Returns the bytes all interfaces received and sent since the start. */
    long since() {
        return bytes() - before;
    }

    private static long bytes() {
        try {
            return bytes(Files.readAllLines(COUNTERS));
        } catch (IOException absent) {
            throw new UncheckedIOException("cannot read " + COUNTERS + ", which every Linux has", absent);
        }
    }

    /** Returns the bytes received and sent by all interfaces since they came up, from the lines of the file (proc(5)). */
    static long bytes(List<String> lines) {
        long sum = 0;
        for (String line : lines) {
            int colon = line.lastIndexOf(':');
            // The two lines of headings have none.
            if (colon >= 0) {
                String[] fields = line.substring(colon + 1).strip().split("\\s+", -1);
                sum += Long.parseLong(fields[0]) + Long.parseLong(fields[8]);
            }
        }
        return sum;
    }
}
