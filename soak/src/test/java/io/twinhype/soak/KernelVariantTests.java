package io.twinhype.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinhype.twin.KernelSources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KernelVariantTests {
    @TempDir
    private Path directory;

    private KernelSources original = new KernelSources(Path.of(""));

    @BeforeEach
    void real() throws Exception {
        original = KernelSources.of(System.getenv());
    }

    private KernelVariant variant() throws SoakException {
        return KernelVariant.copy(original, directory.resolve("kernel"));
    }

    /** The guards are tied to the edits by name: an edit that is renamed must be renamed here. */
    @Test
    void everyGuardIsThereToBeTakenOut() throws Exception {
        for (Guard guard : Guard.values()) {
            KernelVariant variant = KernelVariant.copy(original, directory.resolve(guard.word()));
            if (guard.leftOut().isPresent()) {
                String name = "name = \"" + guard.leftOut().get() + "\"";
                assertThat(edits(original.edits())).contains(name);
                variant.leaveOut(guard.leftOut().get());
                assertThat(edits(variant.sources().edits())).doesNotContain(name);
            }
            if (guard.added().isPresent()) {
                variant.add(guard.added().get());
                assertThat(variant.sources().edits().resolve("99-soak.toml")).isNotEmptyFile();
            }
        }
        assertThat(Arrays.stream(Guard.values()).map(Guard::check)).doesNotContain("");
    }

    @Test
    void allOtherEditsStay() throws Exception {
        String name = Guard.ASID_RANGES.leftOut().orElseThrow();
        int before = edits(original.edits()).split("\\[\\[edit\\]\\]", -1).length;
        String after = edits(variant().leaveOut(name).sources().edits());
        assertThat(after.split("\\[\\[edit\\]\\]", -1)).hasSize(before - 1);
    }

    @Test
    void anEditThatIsNotThereIsNamed() throws Exception {
        KernelVariant variant = variant();
        assertThatThrownBy(() -> variant.leaveOut("no-such-edit"))
                .isInstanceOf(SoakException.class)
                .hasMessageContaining("0 edits named \"no-such-edit\"");
    }

    @Test
    void onlyTheTwinIsForAnotherAbi() throws Exception {
        KernelVariant variant = variant().foreignAbi();
        assertThat(variant.sources().twin().resolve("twin.c")).content().contains("#define TWINHYPE_ABI 9999");
        assertThat(variant.sources().base().resolve("twinhype_base.h"))
                .hasSameBinaryContentAs(original.base().resolve("twinhype_base.h"));
    }

    private static String edits(Path directory) throws IOException {
        StringBuilder all = new StringBuilder();
        try (var files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                all.append(Files.readString(file));
            }
        }
        return all.toString();
    }
}
