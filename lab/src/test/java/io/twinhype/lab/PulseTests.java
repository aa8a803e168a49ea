package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class PulseTests {
    @Test
    void aProcessThatUsesNoTimeForThreeLooksIsGone() {
        Pulse pulse = new Pulse(0);
        assertThat(pulse.stillAfter(Duration.ofSeconds(9))).isFalse();
        assertThat(pulse.stillAfter(Duration.ofSeconds(9))).isFalse();
        assertThat(pulse.stillAfter(Duration.ofMillis(9050))).isFalse();
        assertThat(pulse.stillAfter(Duration.ofMillis(9060))).isTrue();
    }

    @Test
    void aSlowOneIsNot() {
        Pulse pulse = new Pulse(0);
        for (int look = 1; look < 20; look++) {
            assertThat(pulse.stillAfter(Duration.ofMillis(look * 200L))).isFalse();
        }
    }

    @Test
    void itIsLookedAtOnceAMinute() {
        Pulse pulse = new Pulse(0);
        long pid = ProcessHandle.current().pid();
        for (int i = 0; i < 10; i++) {
            assertThat(pulse.gone(pid, Duration.ofSeconds(50).toNanos())).isFalse();
        }
    }
}
