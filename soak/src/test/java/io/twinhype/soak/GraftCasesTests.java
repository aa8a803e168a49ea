package io.twinhype.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinhype.soak.GraftCase.Boot;
import io.twinhype.soak.GraftCase.Disturbance;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.Progress;
import io.twinhype.twin.TwinCache;
import io.twinhype.twin.TwinException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is to be shown of grafts is among the cases. */
final class GraftCasesTests {
    private static final List<GraftCase> ALL = GraftCases.all();

    @TempDir
    Path directory;

    @Test
    void eachHasANameOfItsOwn() {
        assertThat(ALL)
                .extracting(GraftCase::name)
                .doesNotHaveDuplicates()
                .allMatch(name -> name.matches("[a-z0-9-]+"));
    }

    @Test
    void everyDisturbanceAndEveryWayToBootIsThere() {
        assertThat(ALL.stream().map(GraftCase::disturbance).collect(Collectors.toSet()))
                .isEqualTo(Set.of(Disturbance.values()));
        assertThat(ALL.stream().map(GraftCase::boot).collect(Collectors.toSet()))
                .isEqualTo(Set.of(Boot.values()));
    }

    @Test
    void eachVmmHasEachMachineAndOneTwoAndFourVcpus() {
        for (GraftCase.Vmm vmm : GraftCase.Vmm.values()) {
            List<GraftCase> these =
                    ALL.stream().filter(each -> each.vmm() == vmm).toList();
            assertThat(these).extracting(GraftCase::vcpus).contains(1, 2, 4);
            for (String machine : List.of("pc", "q35", "microvm", "q35,kernel-irqchip=split")) {
                assertThat(these).as(machine).anyMatch(each -> each.qemu().stream()
                        .anyMatch(word -> word.equals(machine) || word.startsWith(machine + ",rtc")));
            }
            assertThat(these)
                    .anyMatch(each -> String.join(" ", each.qemu()).contains("vhost=on"))
                    .anyMatch(each -> String.join(" ", each.qemu()).contains("vhost=off"));
        }
    }

    @Test
    void theGuestsAreToldToCheckEverything() {
        GraftCase streaming =
                ALL.stream().filter(GraftCase::streams).findFirst().orElseThrow();
        assertThat(GraftGuest.arguments(streaming, 4711))
                .contains(
                        "twinhype.registers=",
                        "twinhype.clocks=1",
                        "twinhype.ticks=1",
                        "twinhype.wakeups=1",
                        "twinhype.log=/dev/vdb",
                        "twinhype.stream=10.77.0.1:4711");
    }

    @Test
    void anUnknownCaseIsNamedWithTheKnownOnes() throws Exception {
        assertThatThrownBy(soak(List.of("pc-1", "nothing"), Optional.empty())::run)
                .isInstanceOf(SoakException.class)
                .hasMessageContaining("There is no case nothing")
                .hasMessageContaining("pc-1, ");
    }

    @Test
    void aCaseThatIsAskedForAndCantBeDoneIsNotLeftOutInSilence() throws Exception {
        assertThatThrownBy(soak(List.of("pc-1", "pc-4-qemu10"), Optional.empty())::run)
                .isInstanceOf(SoakException.class)
                .hasMessage("Case pc-4-qemu10 is about a Debian 13's QEMU: name a directory that has one with"
                        + " --debian13.");
    }

    @Test
    void aDirectoryWithoutADebian13IsRefusedBeforeALabBoots() throws Exception {
        assertThatThrownBy(soak(List.of(), Optional.of(directory))::run)
                .isInstanceOf(SoakException.class)
                .hasMessageStartingWith("There is no " + directory + "/usr/bin/qemu-system-x86_64: name the directory");
    }

    private GraftSoak soak(List<String> only, Optional<Path> debian13) throws TwinException {
        return new GraftSoak(
                new GraftOptions("6.1", 1, false, only, debian13, directory),
                TwinCache.of(Map.of("XDG_CACHE_HOME", directory.toString())),
                KernelSources.of(Map.of("TWINHYPE_HOME", "..")),
                Progress.SILENT,
                System.out);
    }
}
