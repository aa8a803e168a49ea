package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LabMessageTests {
    @Test
    void readsWhatTheScriptsWrite() {
        assertThat(LabMessage.parse("running")).isEqualTo(new LabMessage.Running());
        assertThat(LabMessage.parse("exited 0")).isEqualTo(new LabMessage.Exited(0));
        assertThat(LabMessage.parse("exited 137")).isEqualTo(new LabMessage.Exited(137));
        assertThat(LabMessage.parse("drained")).isEqualTo(new LabMessage.Drained());
        assertThat(LabMessage.parse("failed the overlay cannot be mounted"))
                .isEqualTo(new LabMessage.Failed("the overlay cannot be mounted"));
        assertThat(LabMessage.parse("refused kvm-intel.ko insmod: can't insert: Operation not supported "))
                .isEqualTo(new LabMessage.Refused("kvm-intel.ko", "insmod: can't insert: Operation not supported"));
        assertThat(LabMessage.parse("refused x.ko")).isEqualTo(new LabMessage.Refused("x.ko", "insmod gave no reason"));
    }

    @Test
    void takesNothingElseForAStatus() {
        for (String line : new String[] {"", "exited", "exited x", "exited -1", "exited 1234", "Running"}) {
            assertThat(LabMessage.parse(line)).isEqualTo(new LabMessage.Unknown(line));
        }
    }
}
