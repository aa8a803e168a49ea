package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * TwinHype's own part of a build, the directory {@code kernel/}.
 *
 * @param directory holds base/, twin/, edits/, patches/ and probe/
 */
public record KernelSources(Path directory) {
    /** {@code $TWINHYPE_HOME/kernel}, as the launcher sets it. */
    public static KernelSources of(Map<String, String> environment) throws TwinException {
        String home = environment.getOrDefault("TWINHYPE_HOME", "");
        Path directory = Path.of(home, "kernel").toAbsolutePath();
        if (home.isEmpty() || !Files.isDirectory(directory.resolve("edits"))) {
            throw new TwinException(
                    "TwinHype's kernel sources are not in \"" + directory
                            + "\"; start twinhype through its launcher, or set TWINHYPE_HOME to the directory that has kernel/.");
        }
        return new KernelSources(directory);
    }

    public Path base() {
        return directory.resolve("base");
    }

    public Path twin() {
        return directory.resolve("twin");
    }

    public Path edits() {
        return directory.resolve("edits");
    }

    public Path patches() {
        return directory.resolve("patches");
    }

    /** A module for a guest's kernel that shows whether a fix is under it. */
    public Path probe() {
        return directory.resolve("probe");
    }

    /** The header that base and twins share. */
    Path header() {
        return base().resolve("twinhype_base.h");
    }

    /** One hash over the names and contents of the files below some of the directories. */
    static String hash(List<Path> directories) throws IOException {
        Sha256 hash = new Sha256();
        for (Path each : directories) {
            for (Path file : Trees.files(each)) {
                hash.add(each.relativize(file).toString(), Sha256.of(file));
            }
        }
        return hash.hex();
    }
}
