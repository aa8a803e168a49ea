package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tools and what they start do not outlive the JVM that wants their work. */
@Tag("system")
final class ToolSystemTests {
    @TempDir
    private Path directory;

    /** A process of its own that runs make until it is killed. */
    static final class Owner {
        private Owner() {}

        public static void main(String[] arguments) throws Exception {
            Path directory = Path.of(arguments[0]);
            new Tool(List.of("make", "-s", "-j2"), directory, Map.of()).run(directory.resolve("log"));
        }
    }

    @Test
    void aCompilationDiesWithAKilledJvm() throws Exception {
        // A make that runs a make that runs two programs, as kbuild does.
        Files.writeString(directory.resolve("Makefile"), "all:\n\t@$(MAKE) -f inner\n");
        Files.writeString(directory.resolve("inner"), "all: a b\na b:\n\t@touch started-$@ && exec sleep 987\n");
        Process owner = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Owner.class.getName(),
                        directory.toString())
                .inheritIO()
                .start();
        List<ProcessHandle> tools;
        try {
            while (!Files.exists(directory.resolve("started-a")) || !Files.exists(directory.resolve("started-b"))) {
                assertThat(owner.waitFor(50, TimeUnit.MILLISECONDS))
                        .as("the owner ends too early")
                        .isFalse();
            }
            tools = owner.descendants().toList();
            assertThat(tools).as("two makes, two programs").hasSizeGreaterThanOrEqualTo(4);
        } finally {
            owner.destroyForcibly();
        }
        for (ProcessHandle tool : tools) {
            assertThat(tool.onExit().get(20, TimeUnit.SECONDS).isAlive()).isFalse();
        }
    }

    @Test
    void aProgramThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> new Tool(directory, "no-such-program").run())
                .isInstanceOf(TwinException.class)
                .hasMessageContaining("no-such-program is not on PATH; install");
    }
}
