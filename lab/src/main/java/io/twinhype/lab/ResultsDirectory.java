package io.twinhype.lab;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** The directory in which a run leaves its results and its console log; one run at a time. */
record ResultsDirectory(Path path, FileChannel lock) implements AutoCloseable {
    private static final String CONSOLE_LOG = "console.log";

    /** Makes the directory if it is missing, and begins a new console log in it. */
    static ResultsDirectory open(Path out) throws LabException {
        Path path = out.toAbsolutePath().normalize();
        if (path.getParent() == null) {
            throw new LabException.Unprepared("The results directory cannot be " + path + ": choose another one.");
        }
        FileChannel log = null;
        try {
            Files.createDirectories(path);
            // The log is not replaced but emptied, so that two runs cannot each lock one of their own.
            log = FileChannel.open(path.resolve(CONSOLE_LOG), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (log.tryLock() == null) {
                throw new OverlappingFileLockException();
            }
            log.truncate(0);
            return new ResultsDirectory(path, log);
        } catch (OverlappingFileLockException e) {
            close(log);
            throw new LabException.Unprepared("Another lab is using the results directory " + path
                    + ": choose another one, or wait for its end.");
        } catch (IOException e) {
            close(log);
            throw new LabException.Unprepared(
                    "The results directory " + path + " cannot be written (" + e + "): choose another one.", e);
        }
    }

    /** What the lab's kernel prints. */
    Path consoleLog() {
        return path.resolve(CONSOLE_LOG);
    }

    @Override
    public void close() {
        close(lock);
    }

    private static void close(@Nullable FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                // Nothing was written through it.
            }
        }
    }
}
