package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class MachineTests {
    @Test
    void theHostsTimeUnlessAskedOtherwise() {
        assertThat(arguments(LabClock.REAL_TIME)).contains("tcg,thread=multi").doesNotContain("-icount");
    }

    @Test
    void countsInstructionsInOneThread() {
        assertThat(arguments(LabClock.INSTRUCTIONS))
                .containsSequence("-accel", "tcg,thread=single")
                .containsSequence("-icount", "shift=0,sleep=off");
    }

    private static List<String> arguments(LabClock clock) {
        LabKernel kernel = new LabKernel("6.1", Path.of("/vmlinuz"), Path.of("/modules"));
        return new Machine(
                        new LabSpec(kernel, 1024, 1, List.of(), clock),
                        Path.of("/vmlinux"),
                        Path.of("/initramfs"),
                        Path.of("/out"),
                        Path.of("/console.log"),
                        List.of(),
                        false)
                .arguments();
    }
}
