package io.twinhype.cc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CProgramTests {
    @TempDir
    private Path cache;

    private static CProgram program(String file, String source, String... options) {
        return new CProgram(
                "the answer", file, CProgramTests.class, List.of(source), List.of("good.h"), List.of(options));
    }

    @Test
    void isCompiledOnceAndLeavesNothingElse() throws Exception {
        assertThat(program("answer", "good.c").isBuilt(cache)).isFalse();
        Path built = program("answer", "good.c").build(cache);
        assertThat(program("answer", "good.c").isBuilt(cache)).isTrue();
        assertThat(new ProcessBuilder(built.toString()).start().waitFor()).isEqualTo(42);
        assertThat(program("answer", "good.c").build(cache, "no-such-compiler")).isEqualTo(built);
        try (Stream<Path> files = Files.list(cache)) {
            assertThat(files).containsExactly(built);
        }
    }

    @Test
    void otherOptionsAreAnotherFileAndTheEndingStaysTheEnding() throws Exception {
        Path first = program("libanswer.so", "good.c", "-shared", "-fPIC").build(cache);
        Path second =
                program("libanswer.so", "good.c", "-shared", "-fPIC", "-O2").build(cache);
        assertThat(first).isNotEqualTo(second);
        assertThat(first.getFileName().toString()).matches("libanswer-[0-9a-f]{24}\\.so");
    }

    @Test
    void whatIsMissingIsNamed() {
        assertThatExceptionOfType(CompileException.class)
                .isThrownBy(() -> program("answer", "good.c").build(cache, "no-such-compiler"))
                .withMessage("cannot run no-such-compiler to compile the answer: install the Debian package gcc");
        assertThatExceptionOfType(CompileException.class)
                .isThrownBy(() -> program("answer", "gone.c").build(cache))
                .withMessageContaining("gone.c is missing from the jar");
    }

    @Test
    void whatTheCompilerSaysIsPassedOn() {
        assertThatExceptionOfType(CompileException.class)
                .isThrownBy(() -> program("answer", "bad.c").build(cache))
                .withMessageContaining("gcc ended with status 1 on the answer; it said: bad.c:");
        assertThat(cache).isEmptyDirectory();
    }

    @Test
    void aPlaceThatIsNoDirectoryIsNamed() throws Exception {
        Path file = Files.writeString(cache.resolve("file"), "");
        assertThatExceptionOfType(CompileException.class)
                .isThrownBy(() -> program("answer", "good.c").build(file))
                .withMessageContaining("cannot compile the answer in " + file);
    }
}
