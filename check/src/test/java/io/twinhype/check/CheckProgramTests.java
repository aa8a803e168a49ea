package io.twinhype.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("system")
final class CheckProgramTests {
    @TempDir
    private static Path cache;

    private static Path program = Path.of("");

    @BeforeAll
    static void build() throws CheckException {
        program = CheckProgram.build(cache);
    }

    private record Outcome(int status, String output) {}

    private static Outcome run(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }

    @Test
    void isBuiltOnceAndLeavesNothingElse() throws Exception {
        assertThat(CheckProgram.build(cache)).isEqualTo(program).isExecutable();
        try (Stream<Path> files = Files.list(cache)) {
            assertThat(files).containsExactly(program);
        }
    }

    @Test
    void aMissingCompilerIsNamed() {
        assertThatThrownBy(() -> CheckProgram.build(cache.resolve("other"), "no-such-compiler"))
                .isInstanceOf(CheckException.class)
                .hasMessageContaining("no-such-compiler")
                .hasMessageContaining("install the Debian package gcc");
    }

    @Test
    void whatIsNoKvmDeviceIsNamed() throws Exception {
        assertThat(run("exits", "--device", "/dev/null"))
                .isEqualTo(new Outcome(1, "FAILED /dev/null is no KVM device of API version 12\n"));
        Outcome missing = run("leak", "--device", "/dev/no-such-device");
        assertThat(missing.status()).isEqualTo(1);
        assertThat(missing.output())
                .isEqualTo("FAILED /dev/no-such-device cannot be opened (No such file or directory):"
                        + " is its hypervisor loaded?\n");
    }

    @Test
    void wrongWordsAreToldWithTheUsage() throws Exception {
        for (String[] words : new String[][] {
            {}, {"dance"}, {"exits"}, {"exits", "--count"}, {"exits", "--count", "many"}, {"exits", "--what", "1"}
        }) {
            Outcome outcome = run(words);
            assertThat(outcome.status()).isEqualTo(2);
            assertThat(outcome.output()).contains("usage: twinhype-check COMMAND");
        }
    }

    @Test
    void hostMemoryThatStaysIsOk() throws Exception {
        Outcome outcome = run("memory", "--mebibytes", "2", "--seconds", "1");
        assertThat(outcome.status()).isZero();
        assertThat(outcome.output())
                .contains("words_lost 0\n")
                .endsWith("ok 2 MiB of host memory stayed as they were\n");
    }
}
