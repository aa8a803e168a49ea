package io.twinhype.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Compiles the program that runs the measured guests, since no JVM is wanted beside a measurement: as a static binary, and as
 * one that libraries can be preloaded into.
 */
final class ExitProgram {
    static final String PROGRAM = "exits.c";
    static final String SCRIPT = "exits.sh";
    static final String DYNAMIC = "exits-dynamic";

    private ExitProgram() {}

    /** Writes {@code exits}, {@code exits-dynamic} and {@code exits.sh} into a directory and returns the first's path. */
    static Path write(Path directory) throws BenchException, InterruptedException {
        return write(directory, "gcc");
    }

    static Path write(Path directory, String compiler) throws BenchException, InterruptedException {
        Path program = directory.resolve("exits");
        Path source = directory.resolve(PROGRAM);
        try {
            Files.createDirectories(directory);
            Files.write(source, resource(PROGRAM));
            Files.write(directory.resolve(SCRIPT), resource(SCRIPT));
        } catch (IOException e) {
            throw new BenchException(
                    "Cannot write to " + directory + " (" + e.getMessage() + "): name another directory with --out.",
                    e);
        }
        compile(compiler, source, program, List.of("-static"));
        compile(compiler, source, directory.resolve(DYNAMIC), List.of());
        return program;
    }

    private static void compile(String compiler, Path source, Path program, List<String> options)
            throws BenchException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(compiler, "-O2", "-Wall", "-Wextra", "-pthread", "-s"));
        command.addAll(options);
        command.addAll(List.of("-o", program.toString(), source.toString()));
        String said;
        int status;
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            status = process.waitFor();
        } catch (IOException e) {
            throw new BenchException("Cannot run " + compiler + ": install the Debian packages gcc and libc6-dev.", e);
        }
        if (status != 0) {
            throw new BenchException(compiler + " ended with status " + status + " on " + source
                    + "; install the Debian package libc6-dev if it misses a header or -lc. It said: " + said.strip());
        }
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = ExitProgram.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is missing from the jar");
            }
            return in.readAllBytes();
        }
    }
}
