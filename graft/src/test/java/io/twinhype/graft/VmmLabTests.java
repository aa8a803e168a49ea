package io.twinhype.graft;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.lab.LabCommand;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another VMM than QEMU: other signals, another order of calls, its guest checks everything it has. */
@Tag("lab")
final class VmmLabTests {
    private static final int GRAFTS = 10;

    @TempDir
    private Path directory;

    @Test
    void aVmmThatIsNotLikeQemuIsGrafted() throws Exception {
        Path vmm = Fixtures.vmm(directory);
        Path library = GraftLibrary.build(directory, _ -> {});

        LabModules.Ended ended = LabModules.run(
                LabCommand.java(VmmTrial.class, vmm.toString(), library.toString(), Integer.toString(GRAFTS)),
                directory.resolve("out"),
                Duration.ofMinutes(8));

        assertThat(ended.lab().exitStatus()).as(ended.said() + ended.errors()).isZero();
        assertThat(ended.lab().kernelComplaints()).isEmpty();
        List<String> lines = ended.said().lines().toList();
        assertThat(lines).hasSize(7);
        assertThat(lines.subList(0, 6)).as(ended.errors()).allSatisfy(line -> assertThat(line)
                .endsWith(": status 0, grafts " + GRAFTS
                        + ", users left 0, faults 0, descriptors true, mismatches 0, ok 1"));
        assertThat(lines.get(6))
                .as(ended.errors())
                .matches("faults: status 0, grafts \\d+, users left 0, faults [2-9]\\d, descriptors true,"
                        + " mismatches 0, ok 1");
    }
}
