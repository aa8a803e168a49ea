package io.twinhype.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.twinhype.twin.HypervisorBuilder;
import io.twinhype.twin.KernelPackages;
import io.twinhype.twin.KernelSeries;
import io.twinhype.twin.KernelSources;
import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.ModuleSigner;
import io.twinhype.twin.ModuleTrust;
import io.twinhype.twin.Progress;
import io.twinhype.twin.SigningException;
import io.twinhype.twin.SigningKey;
import io.twinhype.twin.TwinCache;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A kernel that Secure Boot has locked down takes a module signed by an enrolled key, and no other; we know it before. */
@Tag("lab")
final class SecureBootLabTests {
    private static final List<String> STATE = List.of(
            "module/module/parameters/sig_enforce",
            "kernel/security/lockdown",
            "firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
            "firmware/efi/efivars/db-d719b2cb-3d3a-4596-a3bc-dad00e67656f");

    @TempDir
    private Path directory;

    @Test
    void onlyASignatureThatTheFirmwareTrustsLoads() throws Exception {
        assumeThat(SecureBootMachine.canBeMade())
                .as("the packages ovmf and sbsigntool are installed")
                .isTrue();
        TwinCache cache = TwinCache.of(System.getenv());
        KernelTree kernel = new KernelPackages(cache, Progress.SILENT).obtain(KernelSeries.V6_1);
        ModuleBuild base = new HypervisorBuilder(
                        cache,
                        new KernelSources(
                                Path.of("..", "kernel").toAbsolutePath().normalize()),
                        Progress.SILENT)
                .buildBase(kernel);
        SecureBootMachine machine = new SecureBootMachine(directory, kernel.vmlinuz());
        SigningKey trusted =
                SigningKey.of(machine.key().toString(), SecureBootMachine.CERTIFICATE, Optional.empty(), Map.of());
        TestHost.run(
                "cd " + directory + " && openssl req -new -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem"
                        + " -days 30 -subj /CN=nobody.trusts.me");
        SigningKey stranger = SigningKey.of(
                directory.resolve("key.pem").toString(), directory.resolve("cert.pem"), Optional.empty(), Map.of());
        Path signed = new ModuleSigner(kernel, trusted).sign(base).file();
        byte[] bytes = Files.readAllBytes(signed);
        bytes[bytes.length / 3] ^= 1;

        Map<String, Path> files = new HashMap<>();
        files.put("efivarfs.ko", kernel.modulesDirectory().resolve("kernel/fs/efivarfs/efivarfs.ko"));
        files.put("unsigned.ko", base.file());
        files.put("stranger.ko", new ModuleSigner(kernel, stranger).sign(base).file());
        files.put("changed.ko", Files.write(directory.resolve("changed.ko"), bytes));
        files.put("signed.ko", signed);
        StringBuilder script = new StringBuilder();
        for (String name : List.of("unsigned", "stranger", "changed", "signed")) {
            script.append("insmod /files/" + name + ".ko 2>/dev/null; echo \"" + name
                    + " $? $(grep -c twinhype_base /proc/modules)\"\n");
        }
        for (String file : STATE) {
            script.append("echo \"sys " + file + " $(base64 /sys/" + file + " | tr -d '\\n')\"\n");
        }
        List<String> lines = machine.run(script.toString(), files).lines().toList();
        System.out.println(String.join("\n", lines.subList(0, 4)));
        // busybox exits with errno: EKEYREJECTED.
        assertThat(lines.subList(0, 4))
                .containsExactly("unsigned 129 0", "stranger 129 0", "changed 129 0", "signed 0 1");

        // What that machine says of itself, as its own sysfs.
        Path sys = directory.resolve("sys");
        for (String line : lines.subList(4, lines.size())) {
            String[] words = line.split(" ", 3);
            assertThat(words[2]).as(words[1]).isNotEmpty();
            Path file = sys.resolve(words[1]);
            Files.createDirectories(Changes.parent(file));
            Files.write(file, Base64.getDecoder().decode(words[2]));
        }
        ModuleTrust trust = ModuleTrust.in(sys);
        assertThat(trust.reasons())
                .containsExactly(
                        "module.sig_enforce is set", "the kernel is locked down (integrity)", "Secure Boot is on");
        assertThatExceptionOfType(SigningException.class).isThrownBy(() -> trust.require(base.file()));
        trust.require(signed);
        assertThat(trust.missing(trusted.certificate(), Path.of("c.der"))).isEmpty();
        assertThat(trust.missing(stranger.certificate(), Path.of("c.der")))
                .hasValueSatisfying(sentence -> assertThat(sentence).contains("type `mokutil --import c.der`"));
    }
}
