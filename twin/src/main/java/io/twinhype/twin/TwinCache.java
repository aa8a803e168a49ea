package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where downloads and builds are kept, outside any work tree.
 *
 * @param directory the cache's directory; need not exist yet
 */
public record TwinCache(Path directory) {
    public TwinCache {
        directory = directory.toAbsolutePath().normalize();
    }

    /** {@code $XDG_CACHE_HOME/twinhype}, or {@code ~/.cache/twinhype} (XDG Base Directory Specification). */
    public static TwinCache of(Map<String, String> environment) {
        String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
        // The specification: a relative path is invalid and to be ignored.
        Path base = cache.startsWith("/") ? Path.of(cache) : Path.of(System.getProperty("user.home"), ".cache");
        return new TwinCache(base.resolve("twinhype"));
    }

    Path kernel(String series) {
        return directory.resolve("kernels").resolve(series);
    }

    Path toolchain(String suite) {
        return directory.resolve("toolchains").resolve(suite);
    }

    Path builds() {
        return directory.resolve("builds");
    }

    /** Results of semantic edits; see {@link Coccinelle}. */
    Path edits() {
        return directory.resolve("edits");
    }

    /** What a module of this identity was built from, if it was built into this cache. */
    Optional<BuildRecord> record(String identity) {
        if (!identity.matches("[0-9a-f]{64}")) {
            return Optional.empty();
        }
        try {
            return Optional.of(Json.read(builds().resolve(identity).resolve("identity.json"), BuildRecord.class));
        } catch (IOException _) {
            return Optional.empty();
        }
    }
}
