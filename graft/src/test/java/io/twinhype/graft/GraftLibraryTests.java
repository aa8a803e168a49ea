package io.twinhype.graft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.twinhype.cc.CompileException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class GraftLibraryTests {
    @Test
    void everyFileOfTheSourceIsCompiled() throws Exception {
        try (Stream<Path> files = Files.list(Path.of("src/main/c"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .filteredOn(name -> name.endsWith(".c") || name.endsWith(".h"))
                    .containsExactlyInAnyOrderElementsOf(
                            Stream.concat(GraftLibrary.SOURCES.stream(), GraftLibrary.HEADERS.stream())
                                    .toList());
        }
    }

    @Test
    void aPlaceThatCannotBePreloadedFromIsRefused() {
        for (String place : new String[] {"/a b", "/a:b"}) {
            assertThatExceptionOfType(CompileException.class)
                    .isThrownBy(() -> GraftLibrary.build(Path.of(place), _ -> {}))
                    .withMessageContaining("set XDG_CACHE_HOME to a directory without them");
        }
    }
}
