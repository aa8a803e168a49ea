package io.twinhype.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Reports as JSON. */
public final class BenchJson {
    private static final JsonMapper MAPPER =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private BenchJson() {}

    /** A report, indented, with a line's end. */
    public static String text(Object report) {
        return MAPPER.writeValueAsString(report) + "\n";
    }

    static List<MigrateRecord> migrations(Path file) throws BenchException {
        try {
            return List.of(MAPPER.readValue(Files.readString(file), MigrateRecord[].class));
        } catch (IOException | JacksonException e) {
            throw new BenchException(
                    file + " is not what `twinhype bench migrate` keeps (" + e.getMessage()
                            + "): remove it, or name another directory with --docs.",
                    e);
        }
    }

    static SelftestReport selftests(Path file) throws BenchException {
        try {
            return MAPPER.readValue(Files.readString(file), SelftestReport.class);
        } catch (IOException | JacksonException e) {
            throw new BenchException(
                    file + " is not a report on selftests (" + e.getMessage() + "): remove it, or make it anew with"
                            + " `twinhype bench selftests`.",
                    e);
        }
    }
}
