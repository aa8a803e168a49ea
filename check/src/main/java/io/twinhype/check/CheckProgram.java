package io.twinhype.check;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Compiles the checker and keeps it by the content of its source. It is static, so that it runs in a machine that has
 * nothing but a kernel, and not relocated, since its guests' code runs at the addresses it is linked at.
 *
 * <p>Its commands are told by {@code twinhype-check} without arguments.
 */
public final class CheckProgram {
    private static final List<String> SOURCES = List.of("main.c", "vm.c", "guest.c", "member.c", "ring.c", "exits.c");
    private static final List<String> HEADERS = List.of("layout.h", "main.h", "member.h", "vm.h");

    /** Guest code may not call the C library nor read data of the host's: hence no jump tables, no memset, no canaries. */
    private static final List<String> OPTIONS = List.of(
            "-O2",
            "-Wall",
            "-Wextra",
            "-static",
            "-no-pie",
            "-fno-pie",
            "-pthread",
            "-s",
            "-mno-red-zone",
            "-fno-jump-tables",
            "-fno-tree-loop-distribute-patterns",
            "-fno-stack-protector",
            "-fcf-protection=none");

    private CheckProgram() {}

    /**
     * Returns the compiled program, out of the cache if its source has not changed.
     *
     * @param cache a directory of its own, made if missing
     * @throws CheckException if there is no compiler, or it does not compile it
     */
    public static Path build(Path cache) throws CheckException {
        return build(cache, "gcc");
    }

    static Path build(Path cache, String compiler) throws CheckException {
        try {
            Map<String, byte[]> files = new LinkedHashMap<>();
            for (String name : Stream.concat(SOURCES.stream(), HEADERS.stream()).toList()) {
                files.put(name, source(name));
            }
            Path program = cache.resolve("twinhype-check-" + hash(files.values()));
            if (Files.exists(program)) {
                return program;
            }
            Files.createDirectories(cache);
            Path work = Files.createTempDirectory(cache, ".check");
            try {
                for (Map.Entry<String, byte[]> file : files.entrySet()) {
                    Files.write(work.resolve(file.getKey()), file.getValue());
                }
                Path unfinished = work.resolve("twinhype-check");
                run(compiler, work, unfinished);
                Files.move(unfinished, program, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                delete(work);
            }
            return program;
        } catch (IOException unusable) {
            throw new CheckException(
                    "cannot compile the checker in " + cache + ": " + unusable.getMessage()
                            + "; is the disk full, or the directory not writable?",
                    unusable);
        }
    }

    private static byte[] source(String name) throws IOException {
        try (InputStream in = CheckProgram.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is missing from the jar");
            }
            return in.readAllBytes();
        }
    }

    private static String hash(Iterable<byte[]> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            files.forEach(digest::update);
            digest.update(String.join(" ", OPTIONS).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(), 0, 12);
        } catch (NoSuchAlgorithmException absent) {
            // Every Java platform has it (java.security.MessageDigest).
            throw new AssertionError("no SHA-256", absent);
        }
    }

    private static void run(String compiler, Path directory, Path program) throws IOException, CheckException {
        List<String> command = new ArrayList<>(List.of(compiler));
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
            throw new CheckException(
                    "cannot run " + compiler + " to compile the checker: install the Debian package gcc", missing);
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.onExit().join().exitValue();
        if (status != 0) {
            String hint = output.contains("-lc") || output.contains("stdio.h")
                    ? ": the static C library is missing, install the Debian package libc6-dev"
                    : "";
            throw new CheckException(compiler + " ended with status " + status + " on the checker" + hint
                    + "; it said: " + output.strip());
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
}
