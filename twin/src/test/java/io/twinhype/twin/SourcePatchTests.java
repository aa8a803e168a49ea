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
        assertThat(SourcePatch.apply(fix).applyTo(tree)).isEmpty();
        assertThat(Files.readString(source)).contains("line 11\nchecked\nline 12\n");
        SourcePatch.revert(fix).applyTo(tree);
        assertThat(Files.readString(source)).isEqualTo(LINES);
        assertThat(SourcePatch.apply(fix).title()).isEqualTo("KVM: Check first");
    }

    @Test
    void movedLinesAreFoundAndSaid() throws Exception {
        Files.writeString(source, "new\nnew\n" + LINES);
        assertThat(SourcePatch.apply(fix).applyTo(tree))
                .containsExactly("hunk #1 of virt/kvm/main.c was found at line 11, 2 lines further down");
        assertThat(Files.readString(source)).contains("line 11\nchecked\nline 12\n");
    }

    @Test
    void aHunkThatDoesNotFitIsNamed() throws IOException {
        Files.writeString(source, LINES.replace("line 12", "line twelve"));
        assertThatExceptionOfType(PatchException.class)
                .isThrownBy(() -> SourcePatch.apply(fix).applyTo(tree))
                .withMessage(
                        "The patch " + fix + " does not apply: hunk #1 at line 9 of virt/kvm/main.c: the nearest place"
                                + " is line 9, \"line 9\", but line 12 is \"line twelve\" where the patch has \"line 12\"."
                                + " It needs to be made for this kernel's source; nothing was built.");
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
    void aFileThatThisKernelDoesNotHaveIsNamed() throws IOException {
        Path other = Files.writeString(
                directory.resolve("other.patch"), Files.readString(fix).replace("virt/kvm/main.c", "virt/kvm/later.c"));
        assertThatExceptionOfType(PatchException.class)
                .isThrownBy(() -> SourcePatch.apply(other).applyTo(tree))
                .withMessageContaining("it changes virt/kvm/later.c, which this kernel's source does not have");
    }

    @Test
    void oneHunkOfManyIsNamedByItsNumber() throws IOException {
        Path two = Files.writeString(directory.resolve("two.patch"), Files.readString(fix) + """
                @@ -16,3 +17,3 @@
                 line 16
                -line seventeen
                +line changed
                 line 18
                """);
        assertThatExceptionOfType(PatchException.class)
                .isThrownBy(() -> SourcePatch.apply(two).applyTo(tree))
                .withMessageContaining(
                        "does not apply: hunk #2 at line 17 of virt/kvm/main.c: the nearest place is line 17,"
                                + " \"line 16\", but line 18 is \"line 17\" where the patch has \"line seventeen\".");
    }

    @Test
    void whatNoHypervisorIsBuiltFromIsLeftOutAndSaid() throws Exception {
        String tests = Files.readString(fix).replace("virt/kvm/main.c", "tools/testing/selftests/kvm/x.c");
        Path both = Files.writeString(
                directory.resolve("both.patch"),
                Files.readString(fix) + "diff --git a/t b/t\nindex 1..2 100644\n"
                        + tests.substring(tests.indexOf("---")));
        assertThat(SourcePatch.apply(both).applyTo(tree))
                .containsExactly(
                        "its change to tools/testing/selftests/kvm/x.c is left out: no hypervisor is built from"
                                + " that");
        assertThat(Files.readString(source)).contains("checked");
        Path only = Files.writeString(directory.resolve("only.patch"), tests);
        assertThatExceptionOfType(PatchException.class)
                .isThrownBy(() -> SourcePatch.apply(only).applyTo(tree))
                .withMessageContaining("changes nothing that a hypervisor is built from");
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
