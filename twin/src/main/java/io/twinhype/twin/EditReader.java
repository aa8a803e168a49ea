package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlMapper;

/** Reads edits from TOML; errors name the file, the edit and the key. */
final class EditReader {
    private static final Set<String> KEYS = Set.of("name", "reason", "file", "find", "replace", "expect", "kernels");
    private static final TomlMapper TOML = new TomlMapper();

    private EditReader() {}

    static List<Edit> read(Path file) throws IOException, TwinException {
        JsonNode root;
        try {
            root = TOML.readTree(Files.readString(file));
        } catch (JacksonException e) {
            throw new TwinException(file + " is not valid TOML: " + e.getOriginalMessage() + " at line "
                    + e.getLocation().getLineNr() + ".");
        }
        JsonNode tables = root.path("edit");
        if (!tables.isArray() || root.size() != 1) {
            throw new TwinException(file + " must consist of [[edit]] tables.");
        }
        List<Edit> edits = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int number = 0; number < tables.size(); number++) {
            TextEdit edit = edit(tables.path(number), file, number + 1);
            for (String series : edit.kernels()) {
                if (!names.add(edit.name() + " on " + series)) {
                    throw new TwinException(file + " has two edits \"" + edit.name() + "\" for kernel " + series
                            + "; give each its own name.");
                }
            }
            edits.add(edit);
        }
        return edits;
    }

    private static TextEdit edit(JsonNode table, Path file, int number) throws TwinException {
        String where = "edit " + number + " of " + file;
        String name = text(table, "name", where);
        where = "edit \"" + name + "\" of " + file;
        for (String key : table.propertyNames()) {
            if (!KEYS.contains(key)) {
                throw new TwinException(where + " has an unknown key \"" + key + "\"; an edit has name, reason, file,"
                        + " find, replace, expect and kernels.");
            }
        }
        JsonNode expect = table.path("expect");
        if (!expect.isIntegralNumber() || expect.intValue() < 1) {
            throw new TwinException(where + " must say how many matches it expects: expect = 1 or more.");
        }
        List<String> kernels = new ArrayList<>();
        table.path("kernels").forEach(series -> kernels.add(series.asString("")));
        if (kernels.isEmpty()) {
            throw new TwinException(where + " must say for which series it is known: kernels = [\"6.1\"].");
        }
        String find = text(table, "find", where);
        if (find.isEmpty()) {
            throw new TwinException(where + " looks for an empty text; give it one line at least.");
        }
        return new TextEdit(
                name,
                text(table, "reason", where).strip(),
                relative(text(table, "file", where), where),
                find,
                text(table, "replace", where),
                expect.intValue(),
                kernels);
    }

    private static String text(JsonNode table, String key, String where) throws TwinException {
        JsonNode value = table.path(key);
        if (!value.isString()) {
            throw new TwinException(where + " needs a text for the key \"" + key + "\".");
        }
        return value.stringValue();
    }

    private static String relative(String file, String where) throws TwinException {
        Path path = Path.of(file);
        if (path.isAbsolute() || path.startsWith("..") || !path.normalize().equals(path)) {
            throw new TwinException(
                    where + " names the file " + file + ", which is not a path in the kernel's source.");
        }
        return file;
    }
}
