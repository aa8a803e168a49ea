package io.twinhype.install;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The hooks as run-parts runs them, with a launcher that says what it was asked, and does as it is told. */
final class KernelHooksTests {
    @TempDir
    private Path directory;

    @Test
    void aNewKernelIsBuiltForWithTheSameSettings() throws Exception {
        assertThat(run("echo \"$@\" env=$TWINHYPE_NO_APT,$XDG_CACHE_HOME >&2", false, "9.9-test"))
                .contains("hypervisors A and B are installed for kernel 9.9-test.", "hook ended with 0");
        assertThat(directory.resolve("log"))
                .content()
                .contains(
                        "hypervisor install --kernel-release 9.9-test --vendor svm --sign-key /etc/my key.pem env=1,/var/cache");
    }

    @Test
    void aBuildThatFailsNeverFailsTheKernelsInstallation() throws Exception {
        assertThat(run("echo 'twinhype: edit \"x\" does not match.' >&2; exit 1", false, "9.9-test"))
                .contains(
                        "KERNEL 9.9-test HAS NO HYPERVISORS A AND B and will run stock KVM: edit \"x\" does not match. All that"
                                + " was said is in " + directory.resolve("log"),
                        "hypervisor install --kernel-release 9.9-test --vendor svm --sign-key /etc/my key.pem",
                        "hook ended with 0");
    }

    @Test
    void itWaitsForTheHeadersWhereTheyArePackagesOfTheirOwn() throws Exception {
        assertThat(run("exit 1", true, "9.9-test"))
                .contains("kernel 9.9-test has no headers yet", "hook ended with 0")
                .doesNotContain("building");
    }

    @Test
    void withoutItsLauncherOrAKernelItDoesNothing() throws Exception {
        assertThat(run("", false, "9.9-test")).contains("is gone: kernel 9.9-test", "hook ended with 0");
        assertThat(run("exit 1", false, "")).isEqualTo("hook ended with 0\n");
    }

    @Test
    void aKernelWithoutHypervisorsIsRemovedInSilence() throws Exception {
        Path launcher = launcher("exit 1");
        Path hook = Files.writeString(directory.resolve("removed"), KernelHooks.removed(settings(launcher, false)));
        assertThat(TestHost.run("sh " + hook + " 9.9-test; echo hook ended with $?"))
                .isEqualTo("hook ended with 0\n");
    }

    private String run(String launcherBody, boolean needsHeaders, String release) throws Exception {
        Path launcher = launcherBody.isEmpty() ? directory.resolve("none") : launcher(launcherBody);
        Path hook =
                Files.writeString(directory.resolve("hook"), KernelHooks.installed(settings(launcher, needsHeaders)));
        return TestHost.run("TWINHYPE_HOOK_LOG=" + directory.resolve("log") + " sh " + hook + " " + release
                + "; echo hook ended with $?");
    }

    private Path launcher(String body) throws Exception {
        Path launcher = Files.writeString(directory.resolve("it's a launcher"), "#!/bin/sh\n" + body + "\n");
        return Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
    }

    private static HookSettings settings(Path launcher, boolean needsHeaders) {
        return new HookSettings(
                launcher,
                "",
                Path.of("/var/cache"),
                List.of("--vendor", "svm", "--sign-key", "/etc/my key.pem"),
                needsHeaders);
    }
}
