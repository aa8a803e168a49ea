package io.twinhype.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The programs of this machine that the lab is made with.
 *
 * @param cache a directory for what is worth keeping from run to run; need not exist
 */
record LabTools(Path qemu, Path busybox, Path setpriv, Path taskset, Path cache) {
    /** Finds them as an environment's {@code PATH} says; the cache as its {@code XDG_CACHE_HOME} says. */
    static LabTools in(Map<String, String> environment) throws LabException {
        String searchPath = environment.getOrDefault("PATH", "/usr/bin:/bin");
        Path qemu = required("qemu-system-x86_64", "qemu-system-x86", searchPath);
        Path busybox = busybox(searchPath);
        Path setpriv = required("setpriv", "util-linux", searchPath);
        Path taskset = required("taskset", "util-linux", searchPath);
        return new LabTools(qemu, busybox, setpriv, taskset, cache(environment));
    }

    /** Where an environment has what the lab keeps from run to run. */
    static Path cache(Map<String, String> environment) {
        String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path caches = cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
        return caches.resolve("twinhype").resolve("lab").toAbsolutePath();
    }

    /** The busybox that a lab's first file system holds. */
    static Path busybox(String searchPath) throws LabException {
        Path busybox = required("busybox", "busybox-static", searchPath);
        if (!isStatic(busybox)) {
            throw new LabException.Unprepared("The program " + busybox + " is dynamically linked and cannot run in the"
                    + " lab's first file system: install the Debian package busybox-static"
                    + " (`apt-get install busybox-static`).");
        }
        return busybox;
    }

    /** A program on a search path, or a sentence that names the Debian package that brings it. */
    static Path required(String program, String debianPackage, String searchPath) throws LabException {
        return program(program, searchPath)
                .orElseThrow(() -> new LabException.Unprepared("The program " + program
                        + ", which the lab needs, is not on PATH: install the Debian package " + debianPackage
                        + " (`apt-get install " + debianPackage + "`)."));
    }

    private static Optional<Path> program(String name, String searchPath) {
        for (String directory : searchPath.split(":", -1)) {
            Path file = Path.of(directory.isEmpty() ? "." : directory, name);
            if (Files.isExecutable(file) && !Files.isDirectory(file)) {
                return Optional.of(file.toAbsolutePath());
            }
        }
        return Optional.empty();
    }

    /** A dynamically linked ELF program names its loader in a PT_INTERP header (elf(5)). */
    static boolean isStatic(Path program) throws LabException {
        ByteBuffer elf;
        try {
            elf = ByteBuffer.wrap(Files.readAllBytes(program)).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new LabException.Unprepared("The program " + program + " cannot be read: " + e.getMessage() + ".", e);
        }
        if (elf.limit() < 64 || elf.getInt(0) != 0x464c457f) {
            return false;
        }
        int headers = Math.toIntExact(elf.getLong(32));
        int size = Short.toUnsignedInt(elf.getShort(54));
        int count = Short.toUnsignedInt(elf.getShort(56));
        for (int i = 0; i < count; i++) {
            if (elf.getInt(headers + i * size) == 3) {
                return false;
            }
        }
        return true;
    }
}
