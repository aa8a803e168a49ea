package io.twinhype.graft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.twinhype.cc.CompileException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    void isBuiltOnceAndSaysNothingInAProgramWithoutAVm(@TempDir Path cache) throws Exception {
        List<String> told = new ArrayList<>();
        Path library = GraftLibrary.build(cache, told::add);
        assertThat(GraftLibrary.build(cache, told::add)).isEqualTo(library);
        assertThat(told).containsExactly("Compiling the graft library");

        ProcessBuilder builder = new ProcessBuilder("cat", "/proc/self/maps").redirectErrorStream(true);
        builder.environment().putAll(GraftLibrary.environment(library, cache));
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(said).contains(library.toString()).doesNotContain("ERROR").doesNotContain("twinhype graft:");
        try (Stream<Path> files = Files.list(cache)) {
            assertThat(files).as("no socket without a VM").containsExactly(library);
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
