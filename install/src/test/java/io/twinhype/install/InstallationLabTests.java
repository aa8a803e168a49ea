package io.twinhype.install;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.lab.Lab;
import io.twinhype.lab.LabCommand;
import io.twinhype.lab.LabKernel;
import io.twinhype.lab.LabOutput;
import io.twinhype.lab.LabResult;
import io.twinhype.lab.LabSpec;
import io.twinhype.linux.KernelModules;
import io.twinhype.twin.Canary;
import io.twinhype.twin.ModuleSigner;
import io.twinhype.twin.ModuleTrust;
import io.twinhype.twin.SigningException;
import io.twinhype.twin.SigningKey;
import io.twinhype.twin.Twin;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One boot: the lab's own root gets the hypervisors installed, uses them as a host does, and gets its stock KVM back. */
@Tag("lab")
final class InstallationLabTests {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    @TempDir
    private Path directory;

    @Test
    void aHostLoadsAForKvmAndStockKvmAfterwards() throws Exception {
        TestHost host = TestHost.in(Files.createDirectory(directory.resolve("root")));
        TestHost.run(
                "cd " + directory + " && openssl req -new -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem"
                        + " -days 30 -subj /CN=nobody.trusts.me");
        ModuleSigner signer = new ModuleSigner(
                host.kernel(),
                SigningKey.of(
                        directory.resolve("key.pem").toString(),
                        directory.resolve("cert.pem"),
                        Optional.empty(),
                        Map.of()));
        List<String> arguments = new ArrayList<>(
                List.of(host.release(), host.root().resolve("lib/modules").toString()));
        for (var build : host.builds()) {
            arguments.add(signer.sign(build).file().toString());
        }
        host.modules().forEach(module -> arguments.add(module.toString()));

        ByteArrayOutputStream said = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        LabResult result = Lab.of(new LabSpec(
                        new LabKernel(
                                host.release(),
                                host.kernel().vmlinuz(),
                                host.kernel().modulesDirectory()),
                        List.of()))
                .run(
                        LabCommand.java(InLab.class, arguments.toArray(String[]::new)),
                        directory.resolve("out"),
                        LIMIT,
                        new LabOutput(said, errors));
        System.out.println(said.toString(UTF_8));
        assertThat(result.exitStatus()).as(errors.toString(UTF_8)).isZero();
        assertThat(result.kernelComplaints()).isEmpty();
        String a = "twinhype_a twinhype_base";
        assertThat(said.toString(UTF_8).lines().toList())
                .containsExactly(
                        "nothing installed, modprobe kvm_amd: 0 kvm kvm_amd",
                        "installed: 8",
                        "note: Stock KVM is loaded now and stays: the hypervisors cannot be loaded beside it. To have A before"
                                + " the next boot, end the VMs, then: modprobe -r kvm_amd; modprobe kvm_amd",
                        "modprobe -r kvm_amd: 0 ",
                        "modprobe kvm_amd nested=0: 0 " + a,
                        "nested of twinhype_a: 0",
                        "canary on /dev/kvm: exits as it should, fixed true",
                        "modprobe -r kvm_amd: 0 ",
                        "modprobe kvm: 0 " + a,
                        "modprobe kvm_intel: 0 " + a,
                        "modprobe -r kvm: 0 ",
                        "udev's alias of this processor: 0 " + a,
                        "modprobe twinhype_b: 0 twinhype_a twinhype_b twinhype_base",
                        "canary on /dev/kvm2: exits as it should, fixed true",
                        "modprobe -r twinhype_b: 0 " + a,
                        "removed: 8",
                        "note: Still loaded: twinhype_a, twinhype_base. VMs run on until they end. Then, to have stock KVM"
                                + " before the next boot: rmmod twinhype_a twinhype_base; modprobe kvm_amd (or kvm_intel)",
                        "rmmod twinhype_a twinhype_base; modprobe kvm_amd: 0 kvm kvm_amd",
                        "modprobe -r kvm_amd: 0 ",
                        "installed: 8",
                        "note: Nothing was loaded. To load A now: modprobe kvm",
                        "with a damaged signature: 1 ",
                        "kernel: module verification failed: signature and/or required key missing",
                        "sig_enforce: Y",
                        "signed by a stranger, modprobe kvm_amd: 1 ",
                        "replaced: 3",
                        "note: Nothing was loaded. To load A now: modprobe kvm",
                        "unsigned, modprobe kvm_amd: 1 ",
                        "refused beforehand: The kernel would refuse twinhype_base.ko, which is not signed, because"
                                + " module.sig_enforce is set. " + ModuleTrust.advice(),
                        "removed: 8",
                        "modprobe kvm_amd: 0 kvm kvm_amd");
    }

    /** The half of the test that runs in the lab; a line for each thing done. */
    static final class InLab {
        private InLab() {}

        public static void main(String[] arguments) throws Exception {
            String release = arguments[0];
            Files.createDirectories(Path.of("/lib/modules"));
            for (String directory : List.of("/etc/modprobe.d", "/etc/udev/rules.d", "/var/lib")) {
                Files.createDirectories(Path.of(directory));
            }
            run("cp -r " + arguments[1] + "/" + release + " /lib/modules/");
            List<Path> signed = List.of(Path.of(arguments[2]), Path.of(arguments[3]), Path.of(arguments[4]));
            List<Path> unsigned = List.of(Path.of(arguments[5]), Path.of(arguments[6]), Path.of(arguments[7]));
            Installation installation = new Installation(Path.of("/"));

            tell("nothing installed, modprobe kvm_amd", "modprobe kvm_amd");
            report("installed", Action.Kind.WRITE, installation.install(request(release, signed)));
            tell("modprobe -r kvm_amd", "modprobe -r kvm_amd");
            tell("modprobe kvm_amd nested=0", "modprobe kvm_amd nested=0");
            System.out.println("nested of twinhype_a: "
                    + Files.readString(Path.of("/sys/module/twinhype_a/parameters/nested"))
                            .strip());
            canary(Twin.A);
            tell("modprobe -r kvm_amd", "modprobe -r kvm_amd");
            tell("modprobe kvm", "modprobe kvm");
            tell("modprobe kvm_intel", "modprobe kvm_intel");
            tell("modprobe -r kvm", "modprobe -r kvm");
            tell("udev's alias of this processor", "modprobe -b \"$(cat /sys/devices/system/cpu/modalias)\"");
            tell("modprobe twinhype_b", "modprobe twinhype_b");
            canary(Twin.B);
            tell("modprobe -r twinhype_b", "modprobe -r twinhype_b");
            report("removed", Action.Kind.REMOVE, installation.uninstall());
            String back = "rmmod twinhype_a twinhype_base; modprobe kvm_amd";
            tell(back, back);
            tell("modprobe -r kvm_amd", "modprobe -r kvm_amd");
            report("installed", Action.Kind.WRITE, installation.install(request(release, signed)));

            // The CMS message, 100 bytes before the end of the file, is no longer one.
            Path base = Path.of("/lib/modules", release, "updates/twinhype/twinhype_base.ko");
            run(
                    "cp " + base + " /tmp/damaged.ko; size=$(stat -c %s /tmp/damaged.ko);"
                            + " printf 'no message' | dd of=/tmp/damaged.ko bs=1 seek=$((size - 440)) conv=notrunc 2>/dev/null");
            tell("with a damaged signature", "insmod /tmp/damaged.ko");
            System.out.println("kernel: "
                    + run("dmesg | grep -o 'module verification failed: signature and/or required key"
                                    + " missing' | head -n 1")
                            .strip());
            run("echo 1 > /sys/module/module/parameters/sig_enforce");
            System.out.println("sig_enforce: "
                    + run("cat /sys/module/module/parameters/sig_enforce").strip());
            tell("signed by a stranger, modprobe kvm_amd", "modprobe kvm_amd");
            report("replaced", Action.Kind.REPLACE, installation.install(request(release, unsigned)));
            tell("unsigned, modprobe kvm_amd", "modprobe kvm_amd");
            try {
                ModuleTrust.ofThisMachine().require(base);
            } catch (SigningException e) {
                System.out.println("refused beforehand: " + e.getMessage());
            }
            report("removed", Action.Kind.REMOVE, installation.uninstall());
            tell("modprobe kvm_amd", "modprobe kvm_amd");
        }

        /** Says how many files were treated so, and what the operator is told of loaded modules. */
        private static void report(String what, Action.Kind kind, InstallReport report) {
            System.out.println(what + ": "
                    + report.actions().stream()
                            .filter(action -> action.kind() == kind)
                            .count());
            report.notes().stream()
                    .filter(note -> note.contains(" loaded") && !note.startsWith("From the next boot"))
                    .forEach(note -> System.out.println("note: " + note));
        }

        private static InstallRequest request(String release, List<Path> modules) {
            return new InstallRequest(release, modules, Optional.empty(), TestHost.hook(Path.of("/nowhere/twinhype")));
        }

        private static void canary(Twin twin) throws Exception {
            System.out.println("canary on " + twin.device() + ": exits as it should, fixed "
                    + Canary.run(twin.device()).invlpgaTrapped());
        }

        /** Says how a command ended, and which KVM is loaded then. */
        private static void tell(String what, String script) throws Exception {
            String said = run("PATH=$PATH:/usr/sbin:/sbin; " + script + "; echo status=$?");
            String status = said.replaceAll("(?s).*status=", "").strip();
            List<String> loaded = new KernelModules()
                    .loaded().stream()
                            .map(module -> module.name())
                            .filter(name -> name.startsWith("kvm") || name.startsWith("twinhype"))
                            .sorted()
                            .toList();
            System.out.println(what + ": " + status + " " + String.join(" ", loaded));
            if (!said.startsWith("status=")) {
                System.err.println(what + ": " + said);
            }
        }

        private static String run(String script) throws Exception {
            return TestHost.run(script);
        }
    }
}
