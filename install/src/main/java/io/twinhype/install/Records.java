package io.twinhype.install;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What TwinHype knows of a host it is installed on, in {@code /var/lib/twinhype}: what is installed, and, while something is
 * being changed, what is about to be.
 */
record Records(Path directory) {
    private static final JsonMapper MAPPER =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final String INSTALLED = "installed.json";
    private static final String UNFINISHED = "unfinished.json";

    static Records of(Path root) {
        return new Records(root.resolve("var/lib/twinhype"));
    }

    Manifest installed() throws IOException, InstallException {
        return read(INSTALLED, Manifest.class).orElse(Manifest.EMPTY);
    }

    /** The change that an earlier run did not get through with. */
    Optional<Intent> unfinished() throws IOException, InstallException {
        return read(UNFINISHED, Intent.class);
    }

    void begin(Intent intent) throws IOException {
        Files.createDirectories(directory);
        write(intent, UNFINISHED);
    }

    /** Declares the change made: from here on, it is not taken back. */
    void end(Manifest manifest) throws IOException {
        if (manifest.files().isEmpty()) {
            Files.deleteIfExists(directory.resolve(INSTALLED));
        } else {
            write(manifest, INSTALLED);
        }
        Files.deleteIfExists(directory.resolve(UNFINISHED));
    }

    void undone() throws IOException {
        Files.deleteIfExists(directory.resolve(UNFINISHED));
    }

    private <T> Optional<T> read(String name, Class<T> type) throws IOException, InstallException {
        Path file = directory.resolve(name);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(MAPPER.readValue(Files.readString(file), type));
        } catch (JacksonException e) {
            throw new InstallException(
                    "The record " + file + " is damaged (" + e.getOriginalMessage()
                            + "); restore it from a backup, or remove by hand what docs/install.md lists, and it.",
                    e);
        }
    }

    private void write(Object value, String name) throws IOException {
        Path fresh = directory.resolve(name + Changes.NEW);
        Files.writeString(fresh, MAPPER.writeValueAsString(value) + "\n");
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(fresh, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
