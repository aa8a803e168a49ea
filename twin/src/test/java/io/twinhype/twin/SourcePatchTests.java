package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SourcePatchTests {
    private static final String LINES =
            IntStream.rangeClosed(1, 20).mapToObj(n -> "line " + n + "\n").collect(Collectors.joining());

    @TempDir
    Path directory;

    private Path tree;
    private Path source;
    private Path fix;

    @BeforeEach
    void writeTree() throws IOException {
        tree = Files.createDirectories(directory.resolve("tree/virt/kvm"));
        source = Files.writeString(tree.resolve("main.c"), LINES);
        tree = directory.resolve("tree");
        fix = Files.writeString(directory.resolve("fix.patch"), """
                From: someone
                Subject: [PATCH 6.1] KVM: Check first

                --- a/virt/kvm/main.c
                +++ b/virt/kvm/main.c
                @@ -9,6 +9,7 @@ int main(void)
                 line 9
                 line 10
                 line 11
                +checked
                 line 12
                 line 13
                 line 14
                """);
    }

    @Test
    void aFixIsAppliedAndTakenBack() throws Exception {
        SourcePatch.apply(fix).applyTo(tree);
        assertThat(Files.readString(source)).contains("line 11\nchecked\nline 12\n");
        SourcePatch.revert(fix).applyTo(tree);
        assertThat(Files.readString(source)).isEqualTo(LINES);
        assertThat(SourcePatch.apply(fix).title()).isEqualTo("KVM: Check first");
    }

    @Test
    void movedLinesAreFound() throws Exception {
        Files.writeString(source, "new\nnew\n" + LINES);
        SourcePatch.apply(fix).applyTo(tree);
        assertThat(Files.readString(source)).contains("line 11\nchecked\nline 12\n");
    }

    @Test
    void aHunkThatDoesNotFitIsNamed() throws IOException {
        Files.writeString(source, LINES.replace("line 12", "line twelve"));
        assertThatExceptionOfType(PatchException.class)
                .isThrownBy(() -> SourcePatch.apply(fix).applyTo(tree))
                .withMessage("The patch " + fix + " does not apply: hunk #1 at line 9 of virt/kvm/main.c."
                        + " It needs to be made for this kernel's source.");
    }

    @Test
    void aFixThatIsAlreadyThereIsNamedSo() throws Exception {
        SourcePatch.apply(fix).applyTo(tree);
        assertThatExceptionOfType(PatchException.class)
                .isThrownBy(() -> SourcePatch.apply(fix).applyTo(tree))
                .withMessageContaining("the source already has it");
    }

    @Test
    void aFixThatIsNotThereCannotBeTakenBack() {
        assertThatExceptionOfType(PatchException.class)
                .isThrownBy(() -> SourcePatch.revert(fix).applyTo(tree))
                .withMessageContaining("can't be taken back: the source does not have it");
    }

    @Test
    void aFileOutsideKvmIsNamed() throws IOException {
        Path other = Files.writeString(
                directory.resolve("other.patch"), Files.readString(fix).replace("virt/kvm/main.c", "mm/mmap.c"));
        assertThatExceptionOfType(PatchException.class)
                .isThrownBy(() -> SourcePatch.apply(other).applyTo(tree))
                .withMessageContaining("it changes mm/mmap.c, which is not among the files");
    }

    @Test
    void whatIsNoDiffOrNotThereIsSaid() throws IOException {
        Path text = Files.writeString(directory.resolve("text"), "hello\n");
        assertThatExceptionOfType(PatchException.class)
                .isThrownBy(() -> SourcePatch.apply(text).applyTo(tree))
                .withMessageContaining("it is not a unified diff");
        assertThatExceptionOfType(PatchException.class)
                .isThrownBy(
                        () -> SourcePatch.apply(directory.resolve("missing")).applyTo(tree))
                .withMessageContaining("can't be read; check its path");
    }

    @Test
    void theProjectsOwnPatchHasATitle() throws TwinException {
        assertThat(SourcePatch.apply(Path.of("../kernel/patches/CVE-2026-46082-invlpga.patch"))
                        .title())
                .isEqualTo("KVM: SVM: Inject #UD for INVLPGA if EFER.SVME=0");
    }
}
