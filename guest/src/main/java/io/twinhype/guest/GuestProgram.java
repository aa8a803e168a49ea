package io.twinhype.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Compiles the guest's one program, a static binary, and keeps it by the content of its sources. */
final class GuestProgram {
    private static final List<String> OPTIONS = List.of("-O2", "-Wall", "-Wextra", "-static", "-pthread", "-s");
    private static final List<String> SOURCES = List.of(
            "init.c",
            "port.c",
            "checks.c",
            "integrity.c",
            "interrupts.c",
            "registers.c",
            "clocks.c",
            "ticks.c",
            "wakeups.c",
            "disklog.c",
            "stream.c",
            "machine.c");
    private static final List<String> HEADERS = List.of("guest.h");

    private GuestProgram() {}

    /** Returns the compiled program, out of the cache if its source has not changed. */
    static Path compile(Path cache) throws GuestException {
        return compile(cache, "gcc");
    }

    static Path compile(Path cache, String compiler) throws GuestException {
        try {
            Map<String, byte[]> files = new LinkedHashMap<>();
            for (String name : Stream.concat(SOURCES.stream(), HEADERS.stream()).toList()) {
                files.put(name, source(name));
            }
            Path program = cache.resolve("init-" + ContentHash.of(files.values().toArray(byte[][]::new)));
            if (Files.exists(program)) {
                return program;
            }
            Files.createDirectories(cache);
            Path work = Files.createTempDirectory(cache, ".init");
            try {
                for (Map.Entry<String, byte[]> file : files.entrySet()) {
                    Files.write(work.resolve(file.getKey()), file.getValue());
                }
                Path unfinished = work.resolve("init");
                run(compiler, work, unfinished);
                Files.move(unfinished, program, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                delete(work);
            }
            return program;
        } catch (IOException unusable) {
            throw new GuestException(
                    "cannot compile the guest's program in " + cache + ": " + unusable.getMessage()
                            + "; is the disk full, or the directory not writable?",
                    unusable);
        }
    }

    private static byte[] source(String name) throws IOException {
        try (InputStream in = GuestProgram.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is missing from the jar");
            }
            return in.readAllBytes();
        }
    }

    private static void delete(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> entries = Files.list(directory)) {
            files = entries.toList();
        }
        for (Path file : files) {
            Files.delete(file);
        }
        Files.delete(directory);
    }

    private static void run(String compiler, Path directory, Path program) throws IOException, GuestException {
        var command = new ArrayList<>(List.of(compiler));
        command.addAll(OPTIONS);
        command.addAll(List.of("-o", program.toString()));
        command.addAll(SOURCES);
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .start();
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
