package io.twinhype.install;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What goes into a file of the host. */
sealed interface Content {
    /** A text of ours. */
    record Text(String text) implements Content {}

    /** The bytes of another file. */
    record CopyOf(Path file) implements Content {}

    /** A module that would have to be built first: known by its name only, for a preview. */
    record Unbuilt() implements Content {}

    /** The bytes themselves. */
    default byte[] bytes() throws IOException {
        return switch (this) {
            case Text(String text) -> text.getBytes(StandardCharsets.UTF_8);
            case CopyOf(Path file) -> Files.readAllBytes(file);
            case Unbuilt() -> throw new IllegalStateException("nothing was built: a preview cannot be carried out");
        };
    }
}
