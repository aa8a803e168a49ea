package io.twinhype.lab;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Where a run's output goes while it runs. The streams are written from different threads and are not closed.
 *
 * @param stdout the command's standard output, byte for byte
 * @param stderr the command's standard error, byte for byte
 * @param booted told once, when the command starts, how long the lab took to get there
 */
public record LabOutput(OutputStream stdout, OutputStream stderr, Consumer<Duration> booted) {
    /** Output without a listener for the boot. */
    public LabOutput(OutputStream stdout, OutputStream stderr) {
        this(stdout, stderr, bootTime -> {});
    }

    /** This process's own standard output and error, unbuffered. */
    public static LabOutput inherited() {
        return new LabOutput(new FileOutputStream(FileDescriptor.out), new FileOutputStream(FileDescriptor.err));
    }
}
