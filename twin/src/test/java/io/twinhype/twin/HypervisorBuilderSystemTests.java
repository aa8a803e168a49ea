package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds the real modules; finished ones are taken from, and kept in, the user's cache. */
@Tag("system")
final class HypervisorBuilderSystemTests {
    private static final Path KERNEL = Path.of("..", "kernel").toAbsolutePath().normalize();
    private static final Path FIX = KERNEL.resolve("patches/CVE-2026-46082-invlpga.patch");
    private static final TwinCache CACHE = TwinCache.of(System.getenv());

    private static KernelTree kernel;

    @TempDir
    Path directory;

    @BeforeAll
    static void obtainKernel() throws TwinException, InterruptedException {
        kernel = new KernelPackages(CACHE, new ListeningProgress()).obtain(KernelSeries.V6_1);
    }

    @Test
    void bothHypervisorsAreBuiltWithAndWithoutTheFix() throws TwinException, InterruptedException {
        HypervisorBuilder builder = new HypervisorBuilder(CACHE, new KernelSources(KERNEL), new ListeningProgress());
        for (Twin twin : Twin.values()) {
            ModuleBuild before = builder.build(new BuildRequest(twin, kernel, List.of(SourcePatch.revert(FIX))));
            ModuleBuild after = builder.build(new BuildRequest(twin, kernel, List.of()));
            assertThat(before.record().identity()).isNotEqualTo(after.record().identity());
            assertThat(before.record().patches())
                    .containsExactly("reverted: KVM: SVM: Inject #UD for INVLPGA if EFER.SVME=0");
            assertThat(after.file()).hasFileName(twin.moduleName() + ".ko").isRegularFile();
            assertThat(builder.build(new BuildRequest(twin, kernel, List.of())).cached())
                    .as("unchanged input")
                    .isTrue();
        }
    }

    @Test
    void changedSourcesAreBuiltAgainAndBrokenOnesAreQuoted() throws Exception {
        Path sources = directory.resolve("kernel");
        Trees.copy(KERNEL, sources);
        TwinCache cache = new TwinCache(directory.resolve("cache"));
        ListeningProgress progress = new ListeningProgress();
        HypervisorBuilder builder = new HypervisorBuilder(cache, new KernelSources(sources), progress);
        ModuleBuild first = builder.buildBase(kernel);
        assertThat(first.cached()).isFalse();
        assertThat(builder.buildBase(kernel).cached()).isTrue();

        Files.writeString(first.file(), "x", StandardOpenOption.APPEND);
        ModuleBuild repaired = builder.buildBase(kernel);
        assertThat(repaired.cached()).isFalse();
        assertThat(progress.notes())
                .containsExactly(first.file() + " is not the file that was built; it is built again.");
        assertThat(repaired.record().fileSha256())
                .as("the same input makes the same file")
                .isEqualTo(first.record().fileSha256());

        Path base = sources.resolve("base/main.c");
        Files.writeString(base, "/* a comment */\n", StandardOpenOption.APPEND);
        assertThat(builder.buildBase(kernel).record().identity())
                .isNotEqualTo(first.record().identity());

        Files.writeString(base, "int broken(void) { return no_such_name; }\n", StandardOpenOption.APPEND);
        assertThatExceptionOfType(BuildException.class)
                .isThrownBy(() -> builder.buildBase(kernel))
                .withMessageStartingWith("twinhype_base could not be built.")
                .withMessageContaining("no_such_name")
                .withMessageContaining("The whole log is " + cache.builds().resolve("failed-twinhype_base.log"));
        assertThat(cache.builds().resolve("failed-twinhype_base.log")).content().contains("no_such_name");
        assertThat(cache.builds().resolve("tree-twinhype_base-6.1")).doesNotExist();
    }

    @Test
    void anInterruptedBuildEndsTheCompilerAndLeavesNothing() throws Exception {
        TwinCache cache = new TwinCache(directory.resolve("cache"));
        // The tree's path is in the command line of make and of every compiler it starts.
        String mark = cache.builds().resolve("tree-twinhype_base-6.1").toString();
        Thread build = Thread.ofPlatform().start(() -> {
            try {
                new HypervisorBuilder(cache, new KernelSources(KERNEL), Progress.SILENT).buildBase(kernel);
            } catch (TwinException e) {
                throw new AssertionError("the build was to be interrupted", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        while (build.isAlive() && processes(mark) == 0) {
            Thread.sleep(5);
        }
        build.interrupt();
        build.join();
        assertThat(processes(mark)).isZero();
        try (var left = Files.list(cache.builds())) {
            assertThat(left.map(path -> String.valueOf(path.getFileName()))).containsExactly(".lock");
        }
    }

    private static long processes(String mark) {
        return ProcessHandle.allProcesses()
                .filter(process -> process.info().commandLine().orElse("").contains(mark))
                .count();
    }
}
