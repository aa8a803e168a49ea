package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class BuildRootTests {
    @Test
    void theReleaseIsReadFromOsRelease() {
        assertThat(BuildRoot.codename(List.of("ID=debian", "VERSION_CODENAME=trixie")))
                .isEqualTo("trixie");
        assertThat(BuildRoot.codename(List.of("VERSION_CODENAME=\"noble\""))).isEqualTo("noble");
        assertThat(BuildRoot.codename(List.of("ID=other"))).isEmpty();
    }

    @Test
    void debian12sKernelIsCompiledByAnyMachinesOwnPrograms() throws Exception {
        Steps steps = new Steps(Progress.SILENT, java.nio.file.Path.of("/"));
        assertThat(BuildRoot.isNative(KernelSeries.V6_1, steps)).isTrue();
    }

    @Test
    void missingPrivilegesAreOneSentenceThatSaysWhatToDo() {
        assertThat(BuildRoot.refusal(
                        KernelSeries.V6_12,
                        new Tool.Result(1, "", "unshare: unshare failed: Operation not permitted\n")))
                .hasMessage(
                        "Modules for kernel 6.12 are compiled by the toolchain of Debian trixie in a mount namespace,"
                                + " which can't be made here (unshare: unshare failed: Operation not permitted): build as root, or"
                                + " allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or build on Debian trixie.");
    }
}
