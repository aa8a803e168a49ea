package io.twinhype.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher script, in a tree of its own whose path has a space, with a JDK, a Maven and a dpkg made of a few lines of
 * shell that write down how they were called.
 */
final class LauncherTests {
    private static final Path LAUNCHER = Path.of("..", "twinhype");

    @TempDir
    private Path directory;

    private Path tree;
    private Path programs;
    private Path calls;
    private final Map<String, String> environment = new HashMap<>();

    /** What a run of the launcher left: its exit status, and what it wrote. */
    private record Outcome(int status, String output) {}

    @BeforeEach
    void makeTree() throws IOException {
        tree = Files.createDirectories(directory.resolve("a tree"));
        programs = Files.createDirectories(directory.resolve("programs"));
        calls = Files.writeString(directory.resolve("calls"), "");
        Path launcher = Files.copy(LAUNCHER, tree.resolve("twinhype"));
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
        Files.createDirectories(tree.resolve(".mvn"));
        Files.writeString(tree.resolve("pom.xml"), "<project/>");
        Files.createDirectories(tree.resolve("cli/src/main/java"));
        Files.writeString(tree.resolve("cli/pom.xml"), "<project/>");
        Files.writeString(tree.resolve("cli/src/main/java/A.java"), "class A {}");
        // The real tools the script is written with; nothing of the machine's that it looks for.
        for (String tool : List.of(
                "bash",
                "dirname",
                "readlink",
                "sed",
                "locale",
                "find",
                "sort",
                "xargs",
                "sha256sum",
                "grep",
                "flock",
                "rm",
                "mkdir",
                "head",
                "tail",
                "env")) {
            Files.createSymbolicLink(programs.resolve(tool), Path.of("/usr/bin", tool));
        }
        Path jdk = directory.resolve("jdk 25");
        Files.createDirectories(jdk.resolve("bin"));
        script(jdk.resolve("bin/java"), "echo \"java in $TWINHYPE_HOME: $*\"; exit 42");
        script(jdk.resolve("bin/javac"), "");
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25.0.1\"\n");
        script(programs.resolve("mvn"), "echo \"mvn $*\" >>'" + calls + "'; mkdir -p cli/target/lib");
        environment.put("JAVA_HOME", jdk.toString());
        environment.put("PATH", programs.toString());
    }

    @Test
    void buildsOnceThenBecomesJava() throws Exception {
        Outcome first = launch("--version");
        assertThat(first.status()).as(first.output()).isEqualTo(42);
        assertThat(first.output()).contains("building", "java in " + tree + ": ", "io.twinhype.cli.Main --version");
        assertThat(launch("--version").output()).doesNotContain("building");
        assertThat(calls()).hasSize(1).first().asString().contains("-o", "-DskipTests", "package");
        Files.writeString(tree.resolve("cli/src/main/java/A.java"), "class A { }");
        assertThat(launch("--version").output()).contains("building");
    }

    @Test
    void worksThroughASymlinkFromAnywhereAndKeepsWords() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("link"), tree.resolve("twinhype"));
        Outcome outcome = run(List.of(link.toString(), "help", "two  words", "*"));
        assertThat(outcome.output()).contains("java in " + tree + ": ", "Main help two  words *");
    }

    @Test
    void aFailedBuildSaysWhyAndIsTriedAgain() throws Exception {
        script(programs.resolve("mvn"), "echo \"mvn $*\" >>'" + calls + "'; echo '[ERROR] A.java:1 bad'; exit 1");
        for (int i = 1; i <= 2; i++) {
            Outcome outcome = launch("--version");
            assertThat(outcome.status()).isEqualTo(1);
            assertThat(outcome.output()).contains("A.java:1 bad", "the build failed", "build/build.log");
            assertThat(calls()).as("no second try with the network").hasSize(i);
        }
    }

    @Test
    void whatMavenLacksIsDownloaded() throws Exception {
        script(
                programs.resolve("mvn"),
                "echo \"mvn $*\" >>'" + calls
                        + "'\ncase \"$*\" in *-o*) echo '[ERROR] Cannot access central in offline mode';"
                        + " exit 1;; esac; mkdir -p cli/target");
        Outcome outcome = launch("--version");
        assertThat(outcome.status()).as(outcome.output()).isEqualTo(42);
        assertThat(calls()).hasSize(2).last().asString().doesNotContain("-o ");
        Files.writeString(tree.resolve("pom.xml"), "<project >");
        script(programs.resolve("mvn"), "echo '[ERROR] Could not transfer artifact'; exit 1");
        assertThat(launch("--version").output()).contains("try again with a network");
    }

    @Test
    void missingPackagesAreNamedAndInstalledOrSaid() throws Exception {
        script(programs.resolve("dpkg-query"), "exit 1");
        Outcome without = launch("demo");
        assertThat(without.status()).isEqualTo(1);
        assertThat(without.output()).contains("qemu-system-x86", "busybox-static", "apt-get");
        script(programs.resolve("apt-cache"), "exit 1");
        script(programs.resolve("apt-get"), "echo 'E: Could not resolve the mirror'; exit 100");
        Outcome failed = launch("demo");
        assertThat(failed.status()).isEqualTo(1);
        assertThat(failed.output()).contains("qemu-system-x86").doesNotContain("java in");
    }

    @Test
    void aNameThatIsNoGroupOfTestsIsRefused() throws Exception {
        Outcome outcome = launch("test", "nonsense");
        assertThat(outcome.status()).isEqualTo(2);
        assertThat(outcome.output()).contains("unit|system|lab|all");
    }

    @Test
    void theUnitTestsAreAMavenRunWhoseFailureIsSaid() throws Exception {
        assertThat(launch("test", "unit").status()).isZero();
        assertThat(calls()).hasSize(1).first().asString().contains("-Dgroups=!system & !lab & !bochs", "verify");
        script(programs.resolve("mvn"), "echo 'Tests run: 1, Failures: 1'; exit 1");
        Outcome outcome = launch("test", "unit");
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.output()).contains("Tests run: 1, Failures: 1", "the unit tests failed");
    }

    private List<String> calls() throws IOException {
        return Files.readAllLines(calls);
    }

    private static void script(Path file, String body) throws IOException {
        Files.deleteIfExists(file);
        Files.writeString(file, "#!/bin/bash\n" + body + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private Outcome launch(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(tree.resolve("twinhype").toString()));
        command.addAll(List.of(arguments));
        return run(command);
    }

    private Outcome run(List<String> command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Outcome(process.exitValue(), output);
    }
}
