package io.twinhype.lab;

import java.nio.file.Path;
import java.util.ArrayList;
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

    /**
     * Returns the command that runs a class of this same program: this process's Java and class path, without what a
     * short run on an emulated processor does not need.
     *
     * @param main a class with a main method
     */
    public static LabCommand java(Class<?> main, String... arguments) {
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        words.addAll(List.of(arguments));
        return new LabCommand(words, Path.of("/"), Map.of());
    }
}
