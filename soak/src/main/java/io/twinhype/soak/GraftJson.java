package io.twinhype.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Plans, outcomes and reports of grafts as files of JSON. */
final class GraftJson {
    private static final JsonMapper MAPPER =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private GraftJson() {}

    static void write(Path file, Object value) throws SoakException {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, MAPPER.writeValueAsString(value) + "\n");
        } catch (IOException e) {
            throw new SoakException("Cannot write " + file + " (" + e.getMessage() + "): is the disk full?", e);
        }
    }

    static <T> T read(Path file, Class<T> type) throws SoakException {
        try {
            return MAPPER.readValue(Files.readString(file), type);
        } catch (IOException | JacksonException e) {
            throw new SoakException(
                    file + " cannot be read (" + e.getMessage() + "): remove it, or make it anew with"
                            + " `twinhype soak graft`.",
                    e);
        }
    }
}
