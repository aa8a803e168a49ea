package io.twinhype.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/** What the guests wrote to their consoles and their QEMUs to standard error: gone with the lab unless it is kept. */
final class GuestLogs {
    /** Beside the report, a directory for each guest. */
    static final String DIRECTORY = "guests";

    private GuestLogs() {}

    /** Copies all logs; that this may fail, too, is told and changes nothing of the outcome. */
    static void keep(Path from, Path to, Narrator narrator) {
        try {
            for (Path log : in(from)) {
                Path copy = to.resolve(from.relativize(log).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(log, copy, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            narrator.say("The guests' logs could not be kept in " + to + ": " + e.getMessage());
        }
    }

    /** Removes the logs that an earlier run left. */
    static void clear(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            for (Path log : in(directory)) {
                Files.delete(log);
            }
        }
    }

    private static List<Path> in(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".log")).toList();
        }
    }
}
