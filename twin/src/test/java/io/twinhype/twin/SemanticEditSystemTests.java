package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Semantic edits by the real spatch on small files. */
@Tag("system")
final class SemanticEditSystemTests {
    private static final String SOURCE = """
            static int enable(int cpu)
            {
            	u64 efer = 0;

            	/* reg("old"); is a comment */
            	rdmsrl(MSR_EFER, efer);
            	if (efer & EFER_SVME)
            		return -EBUSY;
            	reg("kvm", cpu);
            	if (cpu)
            		reg("kvm", cpu + 1);
            	return 0;
            }
            """;
    private static final String RENAME = """
            [[edit]]
            name = "renamed"
            reason = "two of them collide"
            file = "arch/svm.c"
            smpl = '''
            @@
            expression E;
            @@
            - reg("kvm", E)
            + twin_reg("kvm_${twin}", E)
            '''
            absent = "reg"
            kernels = { "6.1" = 2 }
            """;

    @TempDir
    Path directory;

    private Path tree;
    private TwinCache cache;

    @BeforeEach
    void writeTree() throws IOException {
        tree = directory.resolve("tree");
        cache = new TwinCache(directory.resolve("cache"));
        Files.writeString(Files.createDirectories(tree.resolve("arch")).resolve("svm.c"), SOURCE);
    }

    @Test
    void aRuleIsMadeWhereverItMatchesAndVariablesAreFilledIn() throws Exception {
        apply(RENAME);
        assertThat(svm())
                .contains("twin_reg(\"kvm_a\", cpu);", "twin_reg(\"kvm_a\", cpu + 1);")
                .contains("/* reg(\"old\"); is a comment */");
    }

    @Test
    void aDifferentNumberOfPlacesIsToldWithTheirLines() throws Exception {
        assertThatExceptionOfType(EditMismatchException.class)
                .isThrownBy(() -> apply(RENAME.replace("= 2 }", "= 1 }")))
                .withMessageContaining("edit \"renamed\" expects 1 match in arch/svm.c and found 2: at line 9, 11.");
        assertThat(svm()).isEqualTo(SOURCE);
    }

    @Test
    void aRuleThatMatchesNowhereIsToldWithTheNearestPlace() throws Exception {
        assertThatExceptionOfType(EditMismatchException.class)
                .isThrownBy(() -> apply("""
                        [[edit]]
                        name = "busy"
                        reason = ""
                        file = "arch/svm.c"
                        smpl = '''
                        @@
                        identifier efer;
                        @@
                        - if (efer & EFER_SVME) return -EALREADY;
                        '''
                        kernels = { "6.1" = 1 }
                        """))
                .withMessageContaining("expects 1 match in arch/svm.c and found 0: the nearest place is line 7,"
                        + " \"if (efer & EFER_SVME)\"; nowhere in the file is EALREADY.");
        assertThat(svm()).isEqualTo(SOURCE);
    }

    @Test
    void whatMustBeGoneIsLookedForInTheCodeAfterAllEdits() throws Exception {
        assertThatExceptionOfType(EditMismatchException.class)
                .isThrownBy(() -> apply(RENAME.replace("\"kvm\", E", "\"kvm\", cpu")
                        .replace("= 2 }", "= 1 }")
                        .replace("expression E;", "identifier cpu;")))
                .withMessageContaining("expects 1 match in arch/svm.c and found 1, but reg is still at line 11 of the"
                        + " edited arch/svm.c.");
        assertThat(svm()).isEqualTo(SOURCE);
    }

    @Test
    void editsOfBothKindsFindWhatThoseBeforeThemWrote() throws Exception {
        apply(RENAME + """

                [[edit]]
                name = "text"
                reason = ""
                file = "arch/svm.c"
                find = 'twin_reg("kvm_${twin}", cpu + 1)'
                replace = 'last("${TWIN}")'
                kernels = { "6.1" = 1 }

                [[edit]]
                name = "semantic again"
                reason = ""
                file = ["arch/svm.c", "arch/other.c"]
                smpl = '''
                @@
                @@
                - last(
                + final(
                  ...)
                '''
                kernels = { "6.1" = 1 }
                """);
        assertThat(svm()).contains("\t\tfinal(\"A\");").doesNotContain("last");
    }

    @Test
    void aResultIsTakenFromTheCacheWhileRuleAndTextAreTheSame() throws Exception {
        apply(RENAME);
        String once = svm();
        List<Path> kept = kept();
        assertThat(kept).hasSize(1);
        Path result = kept.getFirst();
        Files.writeString(result, Files.readString(result).replace("twin_reg", "from_cache"));

        Files.writeString(tree.resolve("arch/svm.c"), SOURCE);
        apply(RENAME);
        assertThat(svm()).isEqualTo(once.replace("twin_reg", "from_cache"));

        Files.writeString(tree.resolve("arch/svm.c"), SOURCE.replace("return 0;", "return 1;"));
        apply(RENAME);
        assertThat(svm()).isEqualTo(once.replace("return 0;", "return 1;"));
        assertThat(kept()).hasSize(2);
    }

    @Test
    void aDamagedResultIsComputedAgain() throws Exception {
        apply(RENAME);
        String once = svm();
        Files.writeString(kept().getFirst(), "");
        Files.writeString(tree.resolve("arch/svm.c"), SOURCE);
        apply(RENAME);
        assertThat(svm()).isEqualTo(once);
    }

    @Test
    void aRuleThatSpatchDoesNotUnderstandNamesTheEdit() throws Exception {
        assertThatExceptionOfType(TwinException.class)
                .isThrownBy(() -> apply(RENAME.replace("- reg(\"kvm\", E)", "- reg((\"kvm\", E")))
                .withMessageContaining("edit \"renamed\" failed on arch/svm.c: spatch does not accept its rule:")
                .withMessageContaining("parse error");
        assertThat(svm()).isEqualTo(SOURCE);
    }

    private void apply(String toml) throws IOException, TwinException, InterruptedException {
        Files.writeString(Files.createDirectories(directory.resolve("edits")).resolve("10.toml"), toml);
        EditSet.read(directory.resolve("edits"))
                .applyTo(tree, "6.1", Vendor.SVM, Twin.A.variables(), new Coccinelle(cache.edits()));
    }

    private String svm() throws IOException {
        return Files.readString(tree.resolve("arch/svm.c"));
    }

    private List<Path> kept() throws IOException {
        try (Stream<Path> files = Files.list(cache.edits())) {
            return files.toList();
        }
    }
}
