package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The project's own edits on the source of Debian's kernel, as it is in the user's cache, by the real spatch. */
@Tag("system")
final class KernelEditsSystemTests {
    private static final TwinCache CACHE = TwinCache.of(System.getenv());
    private static final Path EDITS = Path.of("..", "kernel", "edits");

    private static KernelTree kernel;

    @TempDir
    Path directory;

    @BeforeAll
    static void obtainKernel() throws TwinException, InterruptedException {
        kernel = new KernelPackages(CACHE, new ListeningProgress()).obtain(KernelSeries.V6_1);
    }

    @Test
    void everyEditFits() throws TwinException, InterruptedException {
        EditTrial trial = EditTrial.on(kernel, EditSet.read(EDITS), Optional.empty(), CACHE, new ListeningProgress());
        assertThat(trial.known()).isTrue();
        assertThat(trial.outcomes()).hasSizeGreaterThan(30).allSatisfy(outcome -> assertThat(
                        outcome.verdict().fits())
                .as("%s: %s", outcome.edit().name(), outcome.place())
                .isTrue());
        assertThat(trial.fits()).isTrue();
        assertThat(trial.json()).contains("\"name\" : \"svm-references\"", "\"fits\" : true");
    }

    @Test
    void bothTwinsAreEditedAlikeButForTheirNames() throws Exception {
        Path a = edited(Twin.A, Vendor.SVM);
        Path b = edited(Twin.B, Vendor.SVM);
        for (Path file : Trees.files(a)) {
            String text = Files.readString(file);
            assertThat(text).as(file.toString()).doesNotContain("${");
            assertThat(Files.readString(b.resolve(a.relativize(file))))
                    .isEqualTo(text.replace("kvm_a\"", "kvm_b\"")
                            .replace("SYSTEM kvm_a", "SYSTEM kvm_b")
                            .replace("SYSTEM kvmmmu_a", "SYSTEM kvmmmu_b")
                            .replaceAll(
                                    "\"(kvm_vcpu|x86_emulator|pte_list_desc|kvm_mmu_page_header|kvm_async_pf)_a\"",
                                    "\"$1_b\""));
        }
    }

    @Test
    void anEditForOneVendorIsNotMadeForTheOther() throws Exception {
        Path vmx = edited(Twin.A, Vendor.VMX);
        assertThat(Files.readString(vmx.resolve("arch/x86/kvm/vmx/vmx.c"))).contains("twinhype_vmx_get(TWIN_INDEX)");
        Path svm = edited(Twin.A, Vendor.SVM);
        assertThat(Files.readString(svm.resolve("arch/x86/kvm/vmx/vmx.c"))).doesNotContain("twinhype_vmx_get");
        assertThat(Files.readString(svm.resolve("arch/x86/kvm/svm/svm.c"))).contains("twinhype_svm_get(TWIN_INDEX)");
    }

    @Test
    void aSourceThatDriftedNamesEditFileAndNearestPlace() throws Exception {
        Path tree = copied("drifted");
        Path file = tree.resolve("arch/x86/kvm/svm/svm.c");
        Files.writeString(
                file, Files.readString(file).replace("amd_pmu_disable_virt();", "amd_pmu_disable_virt(true);"));
        List<EditOutcome> outcomes = EditSet.read(EDITS).tryOn(tree, "6.1", Optional.of(Vendor.SVM), CACHE).stream()
                .filter(outcome -> !outcome.verdict().fits())
                .toList();
        assertThat(outcomes).singleElement().satisfies(outcome -> {
            assertThat(outcome.edit().name()).isEqualTo("svm-references");
            assertThat(outcome.verdict()).isEqualTo(EditOutcome.Verdict.NO_MATCH);
            assertThat(outcome.found()).isLessThan(outcome.expected());
        });
    }

    @Test
    void aSeriesThatNobodyKnowsIsTriedWithWhatTheNextOneExpects() throws Exception {
        List<EditOutcome> outcomes = EditSet.read(EDITS).tryOn(copied("next"), "6.2", Optional.empty(), CACHE);
        assertThat(outcomes).allMatch(outcome -> outcome.verdict().fits());
    }

    private Path edited(Twin twin, Vendor vendor) throws Exception {
        Path tree = copied(twin.letter() + vendor.word());
        EditSet.read(EDITS).applyTo(tree, "6.1", vendor, Map.copyOf(twin.variables()), new Coccinelle(CACHE.edits()));
        return tree;
    }

    private Path copied(String name) throws Exception {
        Path tree = directory.resolve(name);
        KvmSource.copy(KvmSource.of(kernel, CACHE, new Steps(new ListeningProgress(), directory)), tree);
        return tree;
    }
}
