package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The directory of a run's temporary files, and the one of its results. */
final class DirectoriesTests {
    @TempDir
    private Path root;

    @Test
    void aWorkDirectoryIsRemovedWithItsContent() throws Exception {
        Path path;
        try (WorkDirectory work = WorkDirectory.create(root)) {
            path = work.path();
            Files.writeString(path.resolve("initramfs"), "x");
            assertThat(path).isDirectory();
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void whatAKilledProcessLeftIsRemovedAndWhatIsInUseIsKept() throws Exception {
        FileTime old = FileTime.fromMillis(0);
        Path left = Files.createDirectories(root.resolve("twinhype-lab-1"));
        Files.setLastModifiedTime(Files.writeString(left.resolve("lock"), ""), old);
        Path young = Files.createDirectories(root.resolve("twinhype-lab-2"));
        Files.writeString(young.resolve("lock"), "");
        Path foreign = Files.createDirectories(root.resolve("other"));
        Files.setLastModifiedTime(Files.writeString(foreign.resolve("lock"), ""), old);
        try (WorkDirectory used = WorkDirectory.create(root)) {
            Files.setLastModifiedTime(used.path().resolve("lock"), old);
            WorkDirectory.create(root).close();
            assertThat(left).doesNotExist();
            assertThat(List.of(young, foreign, used.path()))
                    .allSatisfy(path -> assertThat(path).isDirectory());
        }
    }

    @Test
    void aResultsDirectoryIsOneRunsAtATimeAndBeginsWithAnEmptyLog() throws Exception {
        Path out = root.resolve("a/b");
        Files.createDirectories(out);
        Files.writeString(out.resolve("console.log"), "WARNING: of an earlier run");
        try (ResultsDirectory results = ResultsDirectory.open(out)) {
            assertThat(results.consoleLog()).isEmptyFile();
            assertThatThrownBy(() -> ResultsDirectory.open(out))
                    .isInstanceOf(LabException.Unprepared.class)
                    .hasMessageContaining("Another lab is using the results directory " + out);
        }
        ResultsDirectory.open(out).close();
    }

    @Test
    void aResultsDirectoryThatCannotBeWrittenIsNamed() throws Exception {
        Path file = Files.writeString(root.resolve("file"), "");
        assertThatThrownBy(() -> ResultsDirectory.open(file))
                .isInstanceOf(LabException.Unprepared.class)
                .hasMessageContaining("The results directory " + file + " cannot be written");
        assertThatThrownBy(() -> ResultsDirectory.open(Path.of("/")))
                .isInstanceOf(LabException.Unprepared.class)
                .hasMessageContaining("choose another one");
    }
}
