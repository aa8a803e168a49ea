package io.twinhype.install;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.twinhype.install.Action.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A root of its own, real modules, real depmod and modprobe. */
@Tag("system")
final class InstallationSystemTests {
    private static final String CONF = "etc/modprobe.d/twinhype.conf";
    private static final String OTHER = "6.1.0-99-amd64";

    @TempDir
    private Path directory;

    private TestHost host;
    private Installation installation;

    @BeforeEach
    void makeHost() throws Exception {
        host = TestHost.in(Files.createDirectory(directory.resolve("root")));
        installation = new Installation(host.root());
    }

    @Test
    void aAnswersForKvmUntilAllIsRemoved() throws Exception {
        Map<String, String> before = host.files();
        assertThat(host.modprobe(host.release(), "kvm_amd"))
                .contains("kvm-amd.ko")
                .doesNotContain("twinhype");
        Files.writeString(host.root().resolve("etc/modprobe.d/kvm.conf"), "options kvm_amd nested=0 \\\n sev=0\n");
        before.put("etc/modprobe.d/kvm.conf", Hashes.of(host.root().resolve("etc/modprobe.d/kvm.conf")));

        InstallReport report = installation.install(host.request());
        assertThat(report.actions()).hasSize(8).allMatch(action -> action.kind() == Kind.WRITE);
        for (String name : List.of(
                "kvm", "kvm_amd", "kvm-amd", "kvm_intel", "cpu:type:x86,ven0002fam0017mod0001:feature:,00C2,")) {
            assertThat(host.modprobe(host.release(), name))
                    .as(name)
                    .contains("updates/twinhype/twinhype_base.ko", "updates/twinhype/twinhype_a.ko nested=0 sev=0")
                    .doesNotContain("twinhype_b.ko", "kvm-amd.ko", "kvm.ko", "status");
        }
        assertThat(host.modprobe(host.release(), "twinhype_b")).contains("twinhype_base.ko", "twinhype_b.ko nested=0");
        assertThat(Files.isExecutable(host.root().resolve(KernelHooks.REMOVED))).isTrue();

        assertThat(installation.install(host.request()).actions())
                .as("again")
                .allMatch(action -> action.kind() == Kind.UNCHANGED);

        assertThat(installation.uninstall().actions()).hasSize(8).allMatch(action -> action.kind() == Kind.REMOVE);
        assertThat(host.files()).isEqualTo(before);
        assertThat(host.modprobe(host.release(), "kvm_amd"))
                .contains("kvm.ko", "kvm-amd.ko nested=0")
                .doesNotContain("twinhype");
        assertThat(installation.uninstall().notes())
                .containsExactly("Nothing of TwinHype is installed in " + host.root() + ".");
    }

    @Test
    void aKernelWithoutHypervisorsHasStockKvm() throws Exception {
        host.addKernel(OTHER);
        installation.install(host.request());
        assertThat(host.modprobe(OTHER, "kvm_amd"))
                .contains(OTHER, "kvm.ko", "kvm-amd.ko")
                .doesNotContain("twinhype");
        installation.install(host.request(OTHER));
        assertThat(host.modprobe(OTHER, "kvm_amd")).contains("twinhype_a.ko").doesNotContain("kvm-amd.ko");
        installation.uninstall(host.release());
        assertThat(host.modprobe(host.release(), "kvm_amd"))
                .contains("kvm-amd.ko")
                .doesNotContain("twinhype");
        assertThat(host.modprobe(OTHER, "kvm_amd")).contains("twinhype_a.ko");
        assertThat(host.root().resolve(InstallPlan.directory(host.release()))).doesNotExist();
        installation.uninstall();
        assertThat(host.modprobe(OTHER, "kvm_amd")).contains("kvm-amd.ko").doesNotContain("twinhype");
    }

    @Test
    void whatAnOperatorChangedStaysAndIsNamed() throws Exception {
        installation.install(host.request());
        Path conf = host.root().resolve(CONF);
        Files.writeString(conf, Files.readString(conf) + "options twinhype_a ignore_msrs=1\n");
        String changed = Files.readString(conf);
        InstallReport again = installation.install(host.request());
        assertThat(again.actions()).contains(new Action(Kind.KEEP, CONF));
        assertThat(again.notes()).anyMatch(note -> note.startsWith("/" + CONF + " was changed since"));
        Files.delete(host.root().resolve(InstallPlan.UDEV_RULE));

        InstallReport removed = installation.uninstall();
        assertThat(removed.actions())
                .contains(new Action(Kind.KEEP, CONF), new Action(Kind.GONE, InstallPlan.UDEV_RULE));
        assertThat(removed.notes())
                .anyMatch(note -> note.contains(CONF + " was changed since it was installed and stays"));
        assertThat(conf).hasContent(changed);
    }

    @Test
    void aForeignFileIsNotOverwritten() throws Exception {
        Files.writeString(host.root().resolve(CONF), "# somebody's\n");
        Map<String, String> before = host.files();
        assertThatExceptionOfType(InstallException.class)
                .isThrownBy(() -> installation.install(host.request()))
                .withMessage(host.root().resolve(CONF)
                        + " is there already and is not a file that TwinHype installed; move it away and try again.");
        assertThat(host.files()).isEqualTo(before);
    }

    @Test
    void aFailureHalfWayLeavesAllAsItWas() throws Exception {
        Map<String, String> before = host.files();
        // depmod, the last step, cannot replace a directory by its list.
        Path list = host.root().resolve("lib/modules/" + host.release() + "/modules.dep.bin");
        Files.delete(list);
        Files.createDirectories(list.resolve("in-the-way"));
        assertThatExceptionOfType(InstallException.class)
                .isThrownBy(() -> installation.install(host.request()))
                .withMessageStartingWith("depmod failed for kernel " + host.release());
        assertThat(host.files()).isEqualTo(before);
        assertThat(installation.isThere()).isFalse();
    }

    @Test
    void aKilledInstallationIsTakenBackByTheNextRun() throws Exception {
        installation.install(host.request());
        Map<String, String> before = host.files();
        // As far as a run comes that is killed: the intent is written, one file replaced, one added.
        Records.of(host.root())
                .begin(new Intent(
                        List.of(
                                new Intent.Target(CONF, true, Hashes.of("new".getBytes(UTF_8))),
                                new Intent.Target("etc/added", false, Hashes.of("added".getBytes(UTF_8)))),
                        List.of(host.release())));
        Changes killed = new Changes(host.root());
        killed.write(CONF, "new".getBytes(UTF_8), false);
        killed.write("etc/added", "added".getBytes(UTF_8), false);
        assertThat(host.root().resolve(CONF)).hasContent("new");

        installation.install(host.request());
        assertThat(host.files()).isEqualTo(before);
    }

    @Test
    void whatCannotWorkIsRefusedBeforeAnythingIsBuilt() {
        assertThatExceptionOfType(InstallException.class)
                .isThrownBy(() -> installation.check("6.1.0-0-none"))
                .withMessageContaining("Kernel 6.1.0-0-none is not installed in " + host.root());
    }

    @Test
    void aFullDiskAndAReadOnlyOneAreNamedAndNothingIsLeft() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin/java") + " --enable-native-access=ALL-UNNAMED -cp '"
                + System.getProperty("java.class.path") + "' " + "'"
                + Attempt.class.getName().replace("$", "\\$") + "' '" + host.root() + "' ";
        String mount =
                "mount -t tmpfs -o size=1m none " + host.root() + "/lib/modules/" + host.release() + "/updates && ";
        Files.createDirectories(host.root().resolve("lib/modules/" + host.release() + "/updates"));
        Map<String, String> before = host.files();
        String full = TestHost.run("unshare --mount sh -c \"" + mount + java + "\" || echo unprivileged");
        org.assertj.core.api.Assumptions.assumeThat(full).doesNotContain("unprivileged");
        assertThat(full)
                .startsWith("The disk that holds ")
                .contains(" is full (")
                .contains("left: 0");
        assertThat(host.files()).isEqualTo(before);
        String readOnly = TestHost.run("unshare --mount sh -c \"mount --bind -o ro " + host.root() + "/etc "
                + host.root() + "/etc && mount -o remount,ro,bind " + host.root() + "/etc && " + java + "\"");
        assertThat(readOnly).contains("is on a read-only file system; remount it writable");
        assertThat(host.files()).isEqualTo(before);
    }

    /** Runs in a mount namespace. */
    static final class Attempt {
        public static void main(String[] arguments) throws Exception {
            TestHost host = TestHost.again(Path.of(arguments[0]));
            try {
                new Installation(host.root()).install(host.request());
                System.out.println("installed");
            } catch (InstallException e) {
                System.out.println(e.getMessage());
            }
            System.out.println("left: "
                    + host.files().keySet().stream()
                            .filter(name -> name.contains("twinhype"))
                            .count());
        }
    }

    @Test
    void aCertificateIsInstalledForMokutil() throws Exception {
        Path der = Files.writeString(directory.resolve("c.der"), "a certificate");
        InstallRequest request = new InstallRequest(
                host.release(), host.modules(), Optional.of(der), TestHost.hook(Path.of("/nowhere/twinhype")));
        installation.install(request);
        assertThat(installation.certificate()).hasContent("a certificate");
        installation.uninstall();
        assertThat(installation.certificate().getParent()).doesNotExist();
    }
}
