package io.twinhype.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class HostCpuTests {
    @Test
    void readsRangesAndSingleCpus() {
        assertThat(HostCpu.allowed(List.of("Name:\tjava", "Cpus_allowed:\t13", "Cpus_allowed_list:\t0-1,4")))
                .containsExactly(0, 1, 4);
    }

    @Test
    void picksOneThatExists() {
        List<Integer> allowed = HostCpu.allowed(List.of("Cpus_allowed_list:\t" + HostCpu.pick(new Random(1))));
        assertThat(allowed).hasSize(1).allMatch(cpu -> cpu >= 0 && cpu < 4096);
    }

    @Test
    void fallsBackToTheFirstCpu() {
        assertThat(HostCpu.allowed(List.of("Name:\tjava"))).containsExactly(0);
    }
}
