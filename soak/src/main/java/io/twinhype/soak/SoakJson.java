package io.twinhype.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Reports as files of JSON. */
final class SoakJson {
    private static final JsonMapper MAPPER =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private SoakJson() {}

    static void write(Path file, Object report) throws SoakException {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, MAPPER.writeValueAsString(report) + "\n");
        } catch (IOException e) {
            throw new SoakException("Cannot write " + file + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }

    static SoakReport read(Path file) throws SoakException {
        return read(file, SoakReport.class, "twinhype soak kernel");
    }

    static IntelReport readIntel(Path file) throws SoakException {
        return read(file, IntelReport.class, "twinhype soak intel");
    }

    private static <T> T read(Path file, Class<T> type, String command) throws SoakException {
        try {
            return MAPPER.readValue(Files.readString(file), type);
        } catch (IOException | JacksonException e) {
            throw new SoakException(
                    file + " is not the report of a soak (" + e.getMessage() + "): remove it, or make it anew with `"
                            + command + "`.",
                    e);
        }
    }
}
