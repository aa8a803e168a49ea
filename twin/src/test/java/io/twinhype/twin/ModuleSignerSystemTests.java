package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kernel's sign-file on a real module, with keys made by openssl. */
@Tag("system")
final class ModuleSignerSystemTests {
    @TempDir
    private static Path keys;

    private static KernelTree kernel;
    private static ModuleBuild base;

    @BeforeAll
    static void prepare() throws Exception {
        TwinCache cache = TwinCache.of(System.getenv());
        kernel = new KernelPackages(cache, Progress.SILENT).obtain(KernelSeries.V6_1);
        KernelSources sources =
                new KernelSources(Path.of("..", "kernel").toAbsolutePath().normalize());
        base = new HypervisorBuilder(cache, sources, Progress.SILENT).buildBase(kernel);
        for (String name : List.of("own", "other")) {
            openssl("req -new -x509 -newkey rsa:2048 -nodes -keyout " + name + ".key -out " + name
                    + ".pem -days 30 -subj /O=Operator/CN=" + name + ".example");
        }
        openssl("x509 -in own.pem -outform DER -out own.der");
        openssl("rsa -aes256 -passout pass:secret -in own.key -out locked.key");
        Files.writeString(keys.resolve("passphrase"), "secret\n");
    }

    @Test
    void aSignedModuleIsTheBuildAndItsSigner() throws Exception {
        String before = Sha256.of(base.file());
        SignedModule pem = sign("own.key", "own.pem");
        SignedModule der = sign("own.key", "own.der");
        assertThat(pem.record())
                .isEqualTo(new SignatureRecord(
                        "twinhype_base",
                        base.record().identity(),
                        "own.example",
                        Sha256.of(keys.resolve("own.der")),
                        pem.record().validUntil(),
                        "sha256",
                        Sha256.of(pem.file())));
        assertThat(der.record().certificateSha256()).isEqualTo(pem.record().certificateSha256());
        assertThat(Instant.parse(pem.record().validUntil()))
                .isAfter(Instant.now().plus(29, ChronoUnit.DAYS));
        assertThat(Sha256.of(base.file())).as("the build itself").isEqualTo(before);
        assertThat(new Tool(keys, "/sbin/modinfo", "-F", "signer", pem.file().toString())
                        .run()
                        .output())
                .isEqualTo("own.example\n");
        assertThat(ModuleFile.read(pem.file())).as("read as ever").isEqualTo(ModuleFile.read(base.file()));
        assertThat(ModuleSignature.of(base.file())).isEmpty();
    }

    @Test
    void aKeyWithAPassphraseNeedsIt() throws Exception {
        assertThat(sign("locked.key", "own.pem", Optional.of(keys.resolve("passphrase")), Map.of())
                        .record()
                        .signer())
                .isEqualTo("own.example");
        assertThat(sign("locked.key", "own.pem", Optional.empty(), Map.of("KBUILD_SIGN_PIN", "secret"))
                        .record()
                        .signer())
                .isEqualTo("own.example");
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> sign("locked.key", "own.pem", Optional.empty(), Map.of("KBUILD_SIGN_PIN", "wrong")))
                .withMessage("The passphrase of the signing key " + keys.resolve("locked.key") + " is wrong.");
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> sign("locked.key", "own.pem"))
                .withMessageContaining("has a passphrase: name a file that holds it with --sign-passphrase-file");
    }

    @Test
    void whatDoesNotFitIsNamed() {
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> sign("other.key", "own.pem"))
                .withMessageContaining("other.key and the certificate ")
                .withMessageContaining("do not belong together");
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> sign("none.key", "own.pem"))
                .withMessageContaining("none.key does not exist; name a readable PEM file");
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> sign("own.key", "none.pem"))
                .withMessageContaining("none.pem cannot be read");
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> sign("own.key", "own.key"))
                .withMessageContaining("own.key is not an X.509 certificate in PEM or DER");
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> sign("own.pem", "own.pem"))
                .withMessageContaining("own.pem is not a private key in PEM");
    }

    @Test
    void anOldCertificateIsRefused() throws Exception {
        SigningKey key = key("own.key", "own.pem", Optional.empty(), Map.of());
        Instant end = key.certificate().getNotAfter().toInstant();
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> SigningKey.check(key.certificateFile(), key.certificate(), end.plusSeconds(1)))
                .withMessageContaining("own.pem expired on " + end + "; make a new key");
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() ->
                        SigningKey.check(key.certificateFile(), key.certificate(), end.minus(4000, ChronoUnit.DAYS)))
                .withMessageContaining("own.pem is not valid before ");
    }

    @Test
    void aChangedModuleOrAnotherCertificateFailsTheCheck() throws Exception {
        SignedModule signed = sign("own.key", "own.pem");
        ModuleSignature signature = ModuleSignature.of(signed.file()).orElseThrow();
        ModuleSigner.verify(signature, base.file(), keys.resolve("own.pem"), keys);
        byte[] bytes = Files.readAllBytes(base.file());
        bytes[bytes.length / 2] ^= 1;
        Path changed = Files.write(keys.resolve("changed.ko"), bytes);
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> ModuleSigner.verify(signature, changed, keys.resolve("own.pem"), keys));
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> ModuleSigner.verify(signature, base.file(), keys.resolve("other.pem"), keys))
                .withMessageContaining("is not one of the certificate");
        byte[] whole = Files.readAllBytes(signed.file());
        byte[] tail = Arrays.copyOfRange(whole, signature.content() + signature.message().length, whole.length);
        Path damaged = Files.write(keys.resolve("damaged.ko"), tail);
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> ModuleSignature.of(damaged))
                .withMessageContaining("is damaged; sign the module again");
    }

    private static SignedModule sign(String key, String certificate) throws Exception {
        return sign(key, certificate, Optional.empty(), Map.of());
    }

    private static SignedModule sign(
            String key, String certificate, Optional<Path> passphrase, Map<String, String> environment)
            throws Exception {
        return new ModuleSigner(kernel, key(key, certificate, passphrase, environment)).sign(base);
    }

    private static SigningKey key(
            String key, String certificate, Optional<Path> passphrase, Map<String, String> environment)
            throws Exception {
        return SigningKey.of(keys.resolve(key).toString(), keys.resolve(certificate), passphrase, environment);
    }

    private static void openssl(String arguments) throws Exception {
        Tool.Result result = new Tool(Arrays.asList(("openssl " + arguments).split(" ", -1)), keys, Map.of()).run();
        assertThat(result.succeeded()).as(result.all()).isTrue();
    }
}
