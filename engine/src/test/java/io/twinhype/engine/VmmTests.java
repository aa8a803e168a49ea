package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;

final class VmmTests {
    @Test
    void whatIsNoVmmIsRefusedInOneSentence() throws Exception {
        long here = ProcessHandle.current().pid();
        assertThatExceptionOfType(EngineException.Refused.class)
                .isThrownBy(() -> Vmm.of(here))
                .withMessageMatching("Process " + here
                        + " \\(.*\\) has no VM of KVM open: name the process id of a VMM, such as QEMU's");
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        assertThatExceptionOfType(EngineException.Refused.class)
                .isThrownBy(() -> Vmm.of(ended.pid()))
                .withMessage("There is no process " + ended.pid() + ": name the process id of a running VMM");
    }
}
