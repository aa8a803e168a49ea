package io.twinhype.bench;

import io.twinhype.twin.Progress;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Hands on every line that is written to it as a note. */
final class NotedLines extends OutputStream {
    private final Progress progress;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    NotedLines(Progress progress) {
        this.progress = progress;
    }

    @Override
    public synchronized void write(int octet) {
        if (octet != '\n') {
            line.write(octet);
            return;
        }
        progress.note(line.toString(StandardCharsets.UTF_8));
        line.reset();
    }
}
