package io.twinhype.bench;

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
}
