package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs that are to die with their JVM do so even if it is killed, and the next one clears up after it. */
@Tag("system")
final class ParentDeathTests {
    @TempDir
    Path directory;

    @Test
    void killingTheJvmEndsItsVms() throws Exception {
        Path memory = Files.createTempDirectory(Path.of("/dev/shm"), "parent");
        Process jvm = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Starter.class.getName(),
                        directory.toString(),
                        memory.toString(),
                        SmallGuest.image().kernel().toString())
                .redirectErrorStream(true)
                .start();
        try (var output = new BufferedReader(new InputStreamReader(jvm.getInputStream(), StandardCharsets.UTF_8))) {
            String pid = output.readLine();
            assertThat(pid).matches("[0-9]+");
            ProcessHandle qemu = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();

            jvm.destroyForcibly();

            qemu.onExit().get(30, TimeUnit.SECONDS);
            assertThat(jvm.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(memory).as("nobody could remove it").isNotEmptyDirectory();
            Host.open(new HostSettings(directory, memory, true, SmallGuest.PATIENCE))
                    .close();
            assertThat(memory).isEmptyDirectory();
        } finally {
            jvm.destroyForcibly();
            // Not with an exception for what may be left in it, which would hide why it is left.
            try (Stream<Path> left = Files.list(memory)) {
                left.forEach(file -> file.toFile().deleteOnExit());
            }
            memory.toFile().deleteOnExit();
        }
    }

    /** Starts a VM, says its process id and waits to be killed. */
    static final class Starter {
        private Starter() {}

        public static void main(String[] arguments) throws Exception {
            Path nothing = Files.createFile(Path.of(arguments[0], "nothing"));
            try (Host host = Host.open(
                    new HostSettings(Path.of(arguments[0]), Path.of(arguments[1]), true, SmallGuest.PATIENCE))) {
                var definition = VmDefinition.linux("web1", 16, Path.of(arguments[2]), nothing, "");
                System.out.println(
                        host.start(definition, Hypervisor.emulated("A")).pid());
                Thread.sleep(600_000);
            }
        }
    }
}
