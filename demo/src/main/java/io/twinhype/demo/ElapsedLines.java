package io.twinhype.demo;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Puts the time since the demo's start before every line. */
final class ElapsedLines extends FilterOutputStream {
    private final long startNanos;
    private boolean lineBegins = true;

    /** @param startNanos by {@link System#nanoTime} */
    ElapsedLines(OutputStream out, long startNanos) {
        super(out);
        this.startNanos = startNanos;
    }

    @Override
    public void write(int octet) throws IOException {
        if (lineBegins) {
            double seconds = (System.nanoTime() - startNanos) / 1e9;
            out.write(String.format(Locale.ROOT, "%6.1f  ", seconds).getBytes(StandardCharsets.US_ASCII));
        }
        out.write(octet);
        lineBegins = octet == '\n';
    }
}
