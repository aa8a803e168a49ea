package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WorkspaceTests {
    @TempDir
    Path directory;

    @Test
    void whatAKilledRunLeftIsRemoved() throws Exception {
        Path leftover = Files.createDirectories(directory.resolve(Workspace.PREFIX + "123/deep"));
        Files.writeString(leftover.resolve("file"), "half");
        Path result = Files.createDirectory(directory.resolve("result"));
        try (Workspace workspace = Workspace.in(directory, Progress.SILENT)) {
            assertThat(directory.resolve(Workspace.PREFIX + "123")).doesNotExist();
            assertThat(workspace.scratch()).isEmptyDirectory();
            Files.writeString(workspace.scratch().resolve("file"), "");
        }
        assertThat(directory).isDirectoryNotContaining("glob:**" + Workspace.PREFIX + "*");
        assertThat(result).exists();
    }

    @Test
    void oneThreadAtATime() throws Exception {
        AtomicBoolean inside = new AtomicBoolean();
        CountDownLatch asked = new CountDownLatch(1);
        Thread second;
        try (Workspace first = Workspace.in(directory, Progress.SILENT)) {
            second = Thread.ofPlatform().start(() -> {
                asked.countDown();
                try (Workspace workspace = Workspace.in(directory, Progress.SILENT)) {
                    inside.set(Files.exists(workspace.scratch()));
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            asked.await();
            second.join(100);
            assertThat(inside).as("while the first works in it").isFalse();
            assertThat(first.scratch()).exists();
        }
        second.join();
        assertThat(inside).isTrue();
    }

    @Test
    void replacingKeepsEitherTheOldOrTheNew() throws Exception {
        Path place = Files.createDirectory(directory.resolve("place"));
        Files.writeString(place.resolve("old"), "");
        Path finished = Files.createDirectory(directory.resolve("finished"));
        Files.writeString(finished.resolve("new"), "");
        Trees.replace(finished, place);
        assertThat(place.resolve("new")).exists();
        assertThat(place.resolve("old")).doesNotExist();
        try (var left = Files.list(directory)) {
            assertThat(left).containsExactly(place);
        }
    }
}
