package io.twinhype.graft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library in processes that have no KVM at all: it must not be there for them. */
final class FixturesTests {
    @TempDir
    private static Path directory;

    private static Path library;
    private static Path fuzz;

    @BeforeAll
    static void compile() throws Exception {
        library = GraftLibrary.build(directory, _ -> {});
        fuzz = Fixtures.fuzz(directory);
    }

    @Test
    void randomCallsOnWhatIsNoKvmEndAsWithoutTheLibrary() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "no device");
        for (String device : List.of("/dev/null", file.toString())) {
            for (int seed = 1; seed <= 3; seed++) {
                String number = Integer.toString(seed);
                Said without =
                        run(Map.of(), fuzz, "trace", device, file.toString(), "--seed", number, "--steps", "5000");
                Said with =
                        run(preloaded(), fuzz, "trace", device, file.toString(), "--seed", number, "--steps", "5000");
                assertThat(without.status()).as(without.text()).isZero();
                assertThat(without.text()).contains("KVM_SET_CPUID2", "dup2", "ok ");
                assertThat(with).isEqualTo(without);
            }
        }
    }

    @Test
    void aVmmWithoutKvmSaysTheSame() throws Exception {
        Path vmm = Fixtures.vmm(directory);

        for (Map<String, String> environment : List.of(Map.<String, String>of(), preloaded())) {
            Said said = run(environment, vmm, "/dev/null");
            assertThat(said.status()).isEqualTo(1);
            assertThat(said.text()).endsWith("FAILED /dev/null is no KVM device of API version 12\n");
        }
    }

    @Test
    void nothingListensWithoutAVm() throws Exception {
        run(preloaded(), fuzz, "trace", "/dev/null", "/dev/null", "--steps", "100");

        try (var sockets = Files.newDirectoryStream(directory, "*.sock")) {
            assertThat(sockets).isEmpty();
        }
    }

    private static Map<String, String> preloaded() {
        return GraftLibrary.environment(library, directory);
    }

    private record Said(int status, String text) {}

    private static Said run(Map<String, String> environment, Path program, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new Said(process.waitFor(), text);
    }
}
