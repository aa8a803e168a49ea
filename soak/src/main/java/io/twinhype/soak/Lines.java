package io.twinhype.soak;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Keeps what is written, and tells of each line as it is complete. */
final class Lines extends OutputStream {
    private final Consumer<String> told;
    private final List<String> lines = new ArrayList<>();
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

    Lines(Consumer<String> told) {
        this.told = told;
    }

    @Override
    public synchronized void write(int octet) {
        if (octet != '\n') {
            begun.write(octet);
            return;
        }
        String line = begun.toString(StandardCharsets.UTF_8);
        begun.reset();
        lines.add(line);
        told.accept(line);
    }

    /** The complete lines so far. */
    synchronized List<String> lines() {
        return List.copyOf(lines);
    }
}
