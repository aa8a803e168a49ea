package io.twinhype.lab;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What became of a command that ran to its end in the lab.
 *
 * @param exitStatus the command's own: 0 to 255; 128+N if signal N ended it; 127 if there is no such command
 * @param kernelComplaints the lines in which the lab's kernel reported a WARN, BUG, oops or the like, oldest first
 * @param consoleLog everything the lab's kernel printed, at every level
 * @param bootTime from starting QEMU to starting the command
 * @param runTime from starting the command to its end
 */
public record LabResult(
        int exitStatus, List<String> kernelComplaints, Path consoleLog, Duration bootTime, Duration runTime) {
    public LabResult {
        kernelComplaints = List.copyOf(kernelComplaints);
    }
}
