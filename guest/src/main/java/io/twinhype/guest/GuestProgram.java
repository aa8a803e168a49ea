package io.twinhype.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** Compiles the guest's one program, a static binary, and keeps it by the content of its source. */
final class GuestProgram {
    private static final List<String> OPTIONS =
            List.of("-O2", "-Wall", "-Wextra", "-static", "-pthread", "-s", "-x", "c");

    private GuestProgram() {}

    /** Returns the compiled program, out of the cache if its source has not changed. */
    static Path compile(Path cache) throws GuestException {
        return compile(cache, "gcc");
    }

    static Path compile(Path cache, String compiler) throws GuestException {
        try {
            byte[] source = source();
            Path program = cache.resolve("init-" + ContentHash.of(source));
            if (Files.exists(program)) {
                return program;
            }
            Files.createDirectories(cache);
            Path sourceFile = Files.write(Files.createTempFile(cache, "init", ".c"), source);
            Path unfinished = Files.createTempFile(cache, "init", ".tmp");
            try {
                run(compiler, sourceFile, unfinished);
                Files.move(unfinished, program, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(sourceFile);
                Files.deleteIfExists(unfinished);
            }
            return program;
        } catch (IOException unusable) {
            throw new GuestException(
                    "cannot compile the guest's program in " + cache + ": " + unusable.getMessage()
                            + "; is the disk full, or the directory not writable?",
                    unusable);
        }
    }

    private static byte[] source() throws IOException {
        try (InputStream in = GuestProgram.class.getResourceAsStream("init.c")) {
            if (in == null) {
                throw new IOException("init.c is missing from the jar");
            }
            return in.readAllBytes();
        }
    }

    private static void run(String compiler, Path source, Path program) throws IOException, GuestException {
        var command = new ArrayList<>(List.of(compiler));
        command.addAll(OPTIONS);
        command.addAll(List.of("-o", program.toString(), source.toString()));
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException missing) {
            throw new GuestException(
                    "cannot run " + compiler + " to compile the guest's program: install the Debian package gcc",
                    missing);
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.onExit().join().exitValue();
        if (status != 0) {
            String hint = output.contains("-lc") || output.contains("stdio.h")
                    ? ": the static C library is missing, install the Debian package libc6-dev"
                    : "";
            throw new GuestException(compiler + " ended with status " + status + " on the guest's program" + hint
                    + "; it said: " + output.strip());
        }
    }
}
