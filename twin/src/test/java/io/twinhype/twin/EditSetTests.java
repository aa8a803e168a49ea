package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EditSetTests {
    private static final String SOURCE = """
            static int enable(void)
            {
            	u64 efer;

            	rdmsrl(MSR_EFER, efer);
            	if (efer & EFER_SVME)
            		return -EBUSY;
            	register("kvm");
            	return 0;
            }
            """;

    @TempDir
    Path directory;

    private Path tree;
    private Coccinelle coccinelle;

    @BeforeEach
    void writeTree() throws IOException {
        coccinelle = new Coccinelle(directory.resolve("cache"));
        tree = Files.createDirectories(directory.resolve("tree/arch"));
        Files.writeString(tree.resolve("svm.c"), SOURCE);
        tree = directory.resolve("tree");
    }

    @Test
    void editsAreMadeInOrderWithVariables() throws IOException, TwinException, InterruptedException {
        edits("10.toml", """
                [[edit]]
                name = "renamed"
                reason = "two of that name collide"
                file = "arch/svm.c"
                find = '''register("kvm")'''
                replace = '''register("kvm_${twin}_${TWIN}")'''
                kernels = { "6.1" = 1 }
                """);
        edits("20.toml", """
                [[edit]]
                name = "after the first"
                reason = "finds what the edit before it wrote"
                file = "arch/svm.c"
                find = '''
                	register("kvm_${twin}_${TWIN}");
                '''
                replace = ''
                kernels = { "6.1" = 1, "6.12" = 1 }
                """);
        EditSet.read(directory.resolve("edits")).applyTo(tree, "6.1", Vendor.SVM, Twin.A.variables(), coccinelle);
        assertThat(Files.readString(tree.resolve("arch/svm.c")))
                .isEqualTo(SOURCE.replace("\tregister(\"kvm\");\n", ""));
    }

    @Test
    void allMismatchesAreToldAtOnceAndNothingIsWritten() throws IOException, TwinException {
        edits("10.toml", """
                [[edit]]
                name = "fits"
                reason = ""
                file = "arch/svm.c"
                find = "u64 efer;"
                replace = "u64 e;"
                kernels = { "6.1" = 1 }

                [[edit]]
                name = "drifted"
                reason = ""
                file = "arch/svm.c"
                find = '''
                	rdmsrl(MSR_EFER, efer);
                	if (efer & EFER_LME)
                '''
                replace = ""
                kernels = { "6.1" = 1 }

                [[edit]]
                name = "twice"
                reason = ""
                file = "arch/svm.c"
                find = "return"
                replace = ""
                kernels = { "6.1" = 1 }

                [[edit]]
                name = "gone"
                reason = ""
                file = "arch/vmx.c"
                find = "x"
                replace = ""
                kernels = { "6.1" = 1 }

                [[edit]]
                name = "nowhere"
                reason = ""
                file = "arch/svm.c"
                find = "vmclear();"
                replace = ""
                kernels = { "6.1" = 2 }

                [[edit]]
                name = "newer only"
                reason = ""
                file = "arch/svm.c"
                find = "x"
                replace = ""
                kernels = { "6.12" = 1 }
                """);
        EditSet edits = EditSet.read(directory.resolve("edits"));
        assertThatExceptionOfType(EditMismatchException.class)
                .isThrownBy(() -> edits.applyTo(tree, "6.1", Vendor.SVM, Twin.A.variables(), coccinelle))
                .satisfies(e -> assertThat(e.mismatches())
                        .containsExactlyInAnyOrder(
                                new EditMismatch(
                                        "drifted",
                                        "arch/svm.c",
                                        1,
                                        0,
                                        "the nearest place is line 5, \"rdmsrl(MSR_EFER, efer);\", but line 6 is"
                                                + " \"if (efer & EFER_SVME)\" where the edit has"
                                                + " \"if (efer & EFER_LME)\""),
                                new EditMismatch("twice", "arch/svm.c", 1, 2, "at line 7, 9"),
                                new EditMismatch("gone", "arch/vmx.c", 1, 0, "there is no such file"),
                                new EditMismatch("nowhere", "arch/svm.c", 2, 0, "no line of it is in the file"),
                                new EditMismatch(
                                        "newer only",
                                        "arch/svm.c",
                                        1,
                                        0,
                                        "it is known for kernel 6.12 only, not for 6.1")))
                .withMessageContaining("edit \"twice\" expects 1 match in arch/svm.c and found 2: at line 7, 9.");
        assertThat(Files.readString(tree.resolve("arch/svm.c"))).isEqualTo(SOURCE);
    }

    @Test
    void aMistakeInTheDataNamesFileEditAndKey() throws IOException {
        edits("10.toml", """
                [[edit]]
                name = "typo"
                reason = ""
                file = "arch/svm.c"
                find = "x"
                replace = ""
                expects = 1
                kernels = ["6.1"]
                """);
        assertThatExceptionOfType(TwinException.class)
                .isThrownBy(() -> EditSet.read(directory.resolve("edits")))
                .withMessageStartingWith(
                        "edit \"typo\" of " + directory.resolve("edits/10.toml") + " has an unknown key \"expects\"");
    }

    @Test
    void anEditCannotLeaveTheSource() throws IOException {
        edits("10.toml", """
                [[edit]]
                name = "escape"
                reason = ""
                file = "../../etc/passwd"
                find = "x"
                replace = ""
                kernels = { "6.1" = 1 }
                """);
        // A path with ".." at its start is normal by itself; it must still be refused.
        assertThatExceptionOfType(TwinException.class)
                .isThrownBy(() -> EditSet.read(directory.resolve("edits")))
                .withMessageContaining("which is not a path in the kernel's source");
    }

    @Test
    void brokenTomlNamesFileAndLine() throws IOException {
        edits("10.toml", "[[edit]]\nname = \n");
        assertThatExceptionOfType(TwinException.class)
                .isThrownBy(() -> EditSet.read(directory.resolve("edits")))
                .withMessageContaining("10.toml is not valid TOML")
                .withMessageContaining("line 2");
    }

    @Test
    void anEditIsMadeForItsVendorOnlyAndNoneWhereASeriesHasNothingOfTheKind() throws Exception {
        edits("10.toml", """
                [[edit]]
                name = "intel"
                reason = ""
                file = ["arch/svm.c", "arch/vmx.c"]
                find = "return 0;"
                replace = "return 1;"
                vendor = "vmx"
                kernels = { "6.1" = 1 }

                [[edit]]
                name = "later"
                reason = ""
                file = "arch/svm.c"
                find = "vmclear();"
                replace = ""
                kernels = { "6.1" = 0, "6.12" = 1 }
                """);
        EditSet edits = EditSet.read(directory.resolve("edits"));
        edits.applyTo(tree, "6.1", Vendor.SVM, Twin.A.variables(), coccinelle);
        assertThat(Files.readString(tree.resolve("arch/svm.c"))).isEqualTo(SOURCE);
        edits.applyTo(tree, "6.1", Vendor.VMX, Twin.A.variables(), coccinelle);
        assertThat(Files.readString(tree.resolve("arch/svm.c"))).isEqualTo(SOURCE.replace("return 0;", "return 1;"));

        TwinCache cache = new TwinCache(directory.resolve("cache"));
        assertThat(edits.tryOn(tree, "6.12", Optional.of(Vendor.SVM), cache))
                .singleElement()
                .satisfies(outcome -> assertThat(outcome.verdict()).isEqualTo(EditOutcome.Verdict.NO_MATCH));
        assertThat(edits.tryOn(tree, "7.0", Optional.empty(), cache))
                .extracting(EditOutcome::verdict)
                .containsExactly(EditOutcome.Verdict.NO_MATCH, EditOutcome.Verdict.NO_MATCH);
        Files.delete(tree.resolve("arch/svm.c"));
        assertThat(edits.tryOn(tree, "6.1", Optional.empty(), cache))
                .extracting(EditOutcome::verdict)
                .containsExactly(EditOutcome.Verdict.NOT_THERE, EditOutcome.Verdict.NOT_NEEDED);
    }

    @Test
    void whatMustBeGoneAndIsNotIsAMismatch() throws Exception {
        edits("10.toml", """
                [[edit]]
                name = "half done"
                reason = ""
                file = "arch/svm.c"
                find = "u64 efer;"
                replace = ""
                absent = ["nothing", "efer"]
                kernels = { "6.1" = 1 }
                """);
        assertThatExceptionOfType(EditMismatchException.class)
                .isThrownBy(() -> EditSet.read(directory.resolve("edits"))
                        .applyTo(tree, "6.1", Vendor.SVM, Twin.A.variables(), coccinelle))
                .withMessageContaining("edit \"half done\" expects 1 match in arch/svm.c and found 1, but efer is still"
                        + " at line 5 of the edited arch/svm.c.");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    kernels = { "6.1" = -1 }                       | must say how many places it changes in 6.1
                    kernels = { "six" = 1 }                        | calls a kernel series "six"
                    kernels = ["6.1"]                              | must say for which series it is known
                    kernels = { "6.1" = 1 }; vendor = "arm"        | is for the vendor "arm"; there are svm and vmx
                    kernels = { "6.1" = 1 }; absent = "a b"        | wants "a b" to be absent
                    kernels = { "6.1" = 1 }; smpl = "@@"           | needs either smpl, a semantic patch, or find
                    """)
    void aTermThatMakesNoSenseIsTold(String terms, String told) throws IOException {
        edits("10.toml", """
                [[edit]]
                name = "x"
                reason = ""
                file = "arch/svm.c"
                find = "x"
                replace = ""
                """ + terms.replace("; ", "\n"));
        assertThatExceptionOfType(TwinException.class)
                .isThrownBy(() -> EditSet.read(directory.resolve("edits")))
                .withMessageStartingWith("edit \"x\" of ")
                .withMessageContaining(told);
    }

    @Test
    void theProjectsOwnEditsAreReadable() throws TwinException {
        EditSet edits = EditSet.read(Path.of("..", "kernel", "edits"));
        assertThat(edits.edits()).hasSizeGreaterThan(30).allSatisfy(edit -> {
            assertThat(edit.terms().reason()).isNotBlank();
            assertThat(edit.terms().kernels()).containsOnlyKeys("6.1", "6.12");
        });
        assertThat(edits.edits().stream().map(Edit::name).toList())
                .doesNotHaveDuplicates()
                .containsAll(List.of("init-and-exit", "svm-references"));
    }

    private void edits(String name, String toml) throws IOException {
        Files.writeString(Files.createDirectories(directory.resolve("edits")).resolve(name), toml);
    }
}
