package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlMapper;

/** Reads edits from TOML; errors name the file, the edit and the key. */
final class EditReader {
    private static final Set<String> KEYS =
            Set.of("name", "reason", "file", "smpl", "find", "replace", "kernels", "vendor", "absent");
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
        for (int number = 0; number < tables.size(); number++) {
            edits.add(edit(tables.path(number), file, number + 1));
        }
        return edits;
    }

    private static Edit edit(JsonNode table, Path file, int number) throws TwinException {
        String where = "edit " + number + " of " + file;
        String name = text(table, "name", where);
        where = "edit \"" + name + "\" of " + file;
        for (String key : table.propertyNames()) {
            if (!KEYS.contains(key)) {
                throw new TwinException(where + " has an unknown key \"" + key + "\"; an edit has name, reason, file,"
                        + " smpl or find and replace, kernels, and may have vendor and absent.");
            }
        }
        EditTerms terms = new EditTerms(
                name,
                text(table, "reason", where).strip(),
                files(table, where),
                kernels(table, where),
                vendor(table, where),
                table.has("absent") ? absent(table, where) : List.of());
        if (table.has("smpl") == table.has("find")) {
            throw new TwinException(where + " needs either smpl, a semantic patch, or find and replace.");
        }
        return table.has("smpl") ? semantic(terms, table, where) : text(terms, table, where);
    }

    private static SemanticEdit semantic(EditTerms terms, JsonNode table, String where) throws TwinException {
        String smpl = text(table, "smpl", where);
        if (smpl.lines().noneMatch(line -> line.startsWith("@")) || table.has("replace")) {
            throw new TwinException(where
                    + " has a semantic patch without a rule; each rule begins with a line of @ (and no replace).");
        }
        return new SemanticEdit(terms, smpl);
    }

    private static TextEdit text(EditTerms terms, JsonNode table, String where) throws TwinException {
        String find = text(table, "find", where);
        if (find.isEmpty()) {
            throw new TwinException(where + " looks for an empty text; give it one line at least.");
        }
        return new TextEdit(terms, find, text(table, "replace", where));
    }

    private static Map<String, Integer> kernels(JsonNode table, String where) throws TwinException {
        Map<String, Integer> kernels = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : table.path("kernels").properties()) {
            JsonNode expected = entry.getValue();
            if (!SeriesOrder.isSeries(entry.getKey())) {
                throw new TwinException(where + " calls a kernel series \"" + entry.getKey()
                        + "\"; series are quoted: kernels = { \"6.1\" = 1 }.");
            }
            if (!expected.isIntegralNumber() || expected.intValue() < 0) {
                throw new TwinException(where + " must say how many places it changes in " + entry.getKey()
                        + ": a number, 0 if there is nothing of the kind.");
            }
            kernels.put(entry.getKey(), expected.intValue());
        }
        if (kernels.isEmpty()) {
            throw new TwinException(where + " must say for which series it is known and how many places it changes"
                    + " there: kernels = { \"6.1\" = 1 }.");
        }
        return kernels;
    }

    private static Optional<Vendor> vendor(JsonNode table, String where) throws TwinException {
        if (!table.has("vendor")) {
            return Optional.empty();
        }
        String word = text(table, "vendor", where);
        Optional<Vendor> vendor = Vendor.named(word);
        if (vendor.isEmpty()) {
            throw new TwinException(where + " is for the vendor \"" + word + "\"; there are svm and vmx.");
        }
        return vendor;
    }

    private static List<String> absent(JsonNode table, String where) throws TwinException {
        List<String> absent = texts(table, "absent", where);
        for (String identifier : absent) {
            if (!identifier.matches("[A-Za-z_]\\w*")) {
                throw new TwinException(
                        where + " wants \"" + identifier + "\" to be absent; that is not an identifier of C.");
            }
        }
        return absent;
    }

    private static List<String> files(JsonNode table, String where) throws TwinException {
        List<String> files = texts(table, "file", where);
        if (files.isEmpty() || new HashSet<>(files).size() < files.size()) {
            throw new TwinException(where + " must name the file it changes, or several different ones in a list.");
        }
        for (String file : files) {
            Path path = Path.of(file);
            if (path.isAbsolute() || path.startsWith("..") || !path.normalize().equals(path)) {
                throw new TwinException(
                        where + " names the file " + file + ", which is not a path in the kernel's source.");
            }
        }
        return files;
    }

    /** A text, or a list of texts. */
    private static List<String> texts(JsonNode table, String key, String where) throws TwinException {
        JsonNode value = table.path(key);
        if (!value.isArray()) {
            return List.of(text(table, key, where));
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode each : value) {
            if (!each.isString()) {
                throw new TwinException(where + " needs texts in the list \"" + key + "\".");
            }
            texts.add(each.stringValue());
        }
        return texts;
    }

    private static String text(JsonNode table, String key, String where) throws TwinException {
        JsonNode value = table.path(key);
        if (!value.isString()) {
            throw new TwinException(where + " needs a text for the key \"" + key + "\".");
        }
        return value.stringValue();
    }
}
