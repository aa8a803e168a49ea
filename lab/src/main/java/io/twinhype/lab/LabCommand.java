package io.twinhype.lab;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A command to run in the lab.
 *
 * @param words the program and its arguments; never empty, never looked at by a shell
 * @param workingDirectory an absolute directory of this machine, readable in the lab
 * @param environment added to the lab's own small environment ({@code PATH}, {@code HOME}, {@code LAB_OUT}, …), overriding it
 */
public record LabCommand(List<String> words, Path workingDirectory, Map<String, String> environment) {
    public LabCommand {
        if (words.isEmpty()) {
            throw new IllegalArgumentException("There is no command to run in the lab: name one after `--`.");
        }
        words = List.copyOf(words);
        workingDirectory = workingDirectory.toAbsolutePath().normalize();
        environment = Map.copyOf(environment);
    }
}
