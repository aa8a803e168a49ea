package io.twinhype.cc;

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
 * A program or shared object whose C source travels as resources of a room, compiled with this machine's compiler and kept
 * by the content of its source.
 *
 * @param what what errors call it, such as "the checker"
 * @param file what its file is called; the content's hash goes in front of the last '.', or at the end if there is none
 * @param home a class of the package that the resources are in
 * @param sources the C files, in the order in which they are given to the compiler
 * @param headers what they include, from the same place
 * @param options the compiler's
 */
public record CProgram(
        String what, String file, Class<?> home, List<String> sources, List<String> headers, List<String> options) {
    /** The compiler of Debian's package gcc. */
    public static final String COMPILER = "gcc";

    private static final int HASH_BYTES = 12;

    /** Copies the lists. */
    public CProgram {
        sources = List.copyOf(sources);
        headers = List.copyOf(headers);
        options = List.copyOf(options);
    }

    /**
     * Returns the compiled file, out of the cache if nothing it is made from has changed.
     *
     * @param cache a directory of its own, made if missing
     * @throws CompileException if there is no compiler, it does not compile it, or the directory can't be used
     */
    public Path build(Path cache) throws CompileException {
        return build(cache, COMPILER);
    }

    /** Like {@link #build(Path)}, by a compiler of another name. */
    public Path build(Path cache, String compiler) throws CompileException {
        try {
            Map<String, byte[]> files = files();
            Path built = cache.resolve(named(hash(files.values())));
            if (Files.exists(built)) {
                return built;
            }
            Files.createDirectories(cache);
            Path work = Files.createTempDirectory(cache, ".cc");
            try {
                for (Map.Entry<String, byte[]> each : files.entrySet()) {
                    Files.write(work.resolve(each.getKey()), each.getValue());
                }
                Path unfinished = work.resolve(file);
                run(compiler, work, unfinished);
                Files.move(unfinished, built, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                delete(work);
            }
            return built;
        } catch (IOException unusable) {
            throw new CompileException(
                    "cannot compile " + what + " in " + cache + ": " + unusable.getMessage()
                            + "; is the disk full, or the directory not writable?",
                    unusable);
        }
    }

    /** Says whether {@link #build(Path)} would find it in the cache. */
    public boolean isBuilt(Path cache) {
        try {
            return Files.exists(cache.resolve(named(hash(files().values()))));
        } catch (IOException incomplete) {
            return false;
        }
    }

    private Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : Stream.concat(sources.stream(), headers.stream()).toList()) {
            files.put(name, source(name));
        }
        return files;
    }

    private byte[] source(String name) throws IOException {
        try (InputStream in = home.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is missing from the jar");
            }
            return in.readAllBytes();
        }
    }

    private String named(String hash) {
        int dot = file.lastIndexOf('.');
        return dot < 0 ? file + "-" + hash : file.substring(0, dot) + "-" + hash + file.substring(dot);
    }

    private String hash(Iterable<byte[]> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            files.forEach(digest::update);
            digest.update(String.join(" ", options).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(), 0, HASH_BYTES);
        } catch (NoSuchAlgorithmException absent) {
            // Every Java platform has it (java.security.MessageDigest).
            throw new AssertionError("no SHA-256", absent);
        }
    }

    private void run(String compiler, Path directory, Path output) throws IOException, CompileException {
        List<String> command = new ArrayList<>(List.of(compiler));
        command.addAll(options);
        command.addAll(List.of("-o", output.toString()));
        command.addAll(sources);
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException missing) {
            throw new CompileException(
                    "cannot run " + compiler + " to compile " + what + ": install the Debian package gcc", missing);
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.onExit().join().exitValue();
        if (status != 0) {
            String hint = said.contains("-lc") || said.contains("stdio.h")
                    ? ": the C library's development files are missing, install the Debian package libc6-dev"
                    : "";
            throw new CompileException(
                    compiler + " ended with status " + status + " on " + what + hint + "; it said: " + said.strip());
        }
    }

    private static void delete(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> entries = Files.list(directory)) {
            files = entries.toList();
        }
        for (Path each : files) {
            Files.delete(each);
        }
        Files.delete(directory);
    }
}
