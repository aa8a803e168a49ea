package io.twinhype.graft;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.lab.LabCommand;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls of the KVM API in every order but a sensible one, on the real thing. */
@Tag("lab")
final class FuzzLabTests {
    /**
     * Traces of one seed: two without the library, which shows that the program itself is repeatable, and one with it. Then
     * storms of threads, with somebody who asks the library meanwhile: any VMs, and one VM of the kind that can be grafted.
     */
    private static final String SCRIPT = """
            fuzz=$1 library=$2 file=$3
            cd /tmp && mkdir sockets
            with() { LD_PRELOAD=$library TWINHYPE_GRAFT_DIR=/tmp/sockets "$@"; }
            for seed in 1 2 3 4; do
                $fuzz trace /dev/kvm $file --seed $seed --steps 2000 > first; echo "trace $seed: status $?"
                $fuzz trace /dev/kvm $file --seed $seed --steps 2000 > second
                with $fuzz trace /dev/kvm $file --seed $seed --steps 2000 > third
                cmp first second && echo "repeatable"
                if cmp first third; then echo "same with the library"; else diff first third | head -20; fi
            done
            for seed in 1 2; do
                with $fuzz storm /dev/kvm /dev/kvm2 --seed $seed --seconds 8 --threads 3 --directory /tmp/sockets > said
                echo "storm $seed: status $?, $(tail -1 said)"
                with $fuzz storm /dev/kvm /dev/kvm2 --seed $seed --seconds 8 --threads 1 --mild 1 \\
                    --directory /tmp/sockets > said
                echo "mild $seed: status $?, $(tail -1 said)"
            done
            """;

    @TempDir
    private Path directory;

    @Test
    void noOrderOfCallsCrashesTheLibraryOrChangesTheirResults() throws Exception {
        Path fuzz = Fixtures.fuzz(directory);
        Path library = GraftLibrary.build(directory, _ -> {});

        LabModules.Ended ended = LabModules.run(
                new LabCommand(
                        List.of("sh", "-c", SCRIPT, "sh", fuzz.toString(), library.toString(), "/etc/passwd"),
                        Path.of("/"),
                        Map.of()),
                directory.resolve("out"),
                Duration.ofMinutes(6));

        String all = ended.said() + ended.errors();
        assertThat(ended.lab().exitStatus()).as(all).isZero();
        assertThat(ended.lab().kernelComplaints()).isEmpty();
        List<String> lines = ended.said().lines().toList();
        assertThat(lines).as(all).hasSize(16);
        for (int seed = 1; seed <= 4; seed++) {
            assertThat(lines.subList(3 * seed - 3, 3 * seed))
                    .as(all)
                    .containsExactly("trace " + seed + ": status 0", "repeatable", "same with the library");
        }
        assertThat(lines.subList(12, 16))
                .as(all)
                .allMatch(line -> line.matches("(storm|mild) [12]: status 0, ok [1-9]\\d* calls, .*asked [1-9].*"));
        assertThat(lines)
                .filteredOn(line -> line.startsWith("mild"))
                .as("grafts in the middle of it: " + all)
                .anyMatch(line -> line.matches(".* grafted [1-9]\\d*"));
    }
}
