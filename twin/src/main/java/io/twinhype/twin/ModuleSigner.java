package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.CertificateEncodingException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Signs modules with the kernel's own scripts/sign-file, and checks what it made with openssl-cms(1). The signed copy lies
 * beside the build; the build itself, its hash and its identity stay as they are.
 */
public final class ModuleSigner {
    private static final Pattern HASH = Pattern.compile("(?m)^CONFIG_MODULE_SIG_HASH=\"(\\w+)\"$");
    private static final String RECORD = "signature.json";

    private final KernelTree kernel;
    private final SigningKey key;

    /**
     * @param kernel whose sign-file and hash algorithm are used
     */
    public ModuleSigner(KernelTree kernel, SigningKey key) {
        this.kernel = kernel;
        this.key = key;
    }

    /** Signs a build, and proves that the signature is the certificate's. */
    public SignedModule sign(ModuleBuild build) throws TwinException, InterruptedException {
        Path module = build.file();
        return new Steps(Progress.SILENT, module)
                .quietly("Signing " + build.record().name(), () -> {
                    String fingerprint = Sha256.of(encoded());
                    Path place = module.resolveSibling("signed-" + fingerprint.substring(0, 12));
                    Files.createDirectories(place);
                    Path scratch = Files.createTempDirectory(place, Workspace.PREFIX);
                    try {
                        Path fresh = scratch.resolve(module.getFileName());
                        Files.copy(module, fresh, LinkOption.NOFOLLOW_LINKS);
                        String hash = hashAlgorithm();
                        append(fresh, hash);
                        verify(module, fresh, scratch);
                        SignatureRecord record = new SignatureRecord(
                                build.record().name(),
                                build.record().identity(),
                                key.signer(),
                                fingerprint,
                                key.certificate().getNotAfter().toInstant().toString(),
                                hash,
                                Sha256.of(fresh));
                        Path signed = place.resolve(module.getFileName());
                        Json.write(record, scratch.resolve(RECORD));
                        move(fresh, signed);
                        move(scratch.resolve(RECORD), place.resolve(RECORD));
                        return new SignedModule(build, record, signed);
                    } finally {
                        Trees.delete(scratch);
                    }
                });
    }

    private static void move(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private byte[] encoded() throws SigningException {
        try {
            return key.certificate().getEncoded();
        } catch (CertificateEncodingException e) {
            throw new SigningException("The certificate " + key.certificateFile() + " cannot be encoded as DER.", e);
        }
    }

    private String hashAlgorithm() throws IOException, SigningException {
        Path config = kernel.headers().resolve(".config");
        Matcher match = HASH.matcher(Files.readString(config));
        if (!match.find()) {
            throw new SigningException("Kernel " + kernel.release()
                    + " was built without module signatures (no CONFIG_MODULE_SIG_HASH in " + config
                    + "): leave out --sign-key.");
        }
        return match.group(1);
    }

    private void append(Path module, String hash) throws IOException, TwinException, InterruptedException {
        Path program = kernel.headers().resolve("scripts/sign-file");
        if (!Files.isExecutable(program)) {
            throw new SigningException("The kernel's program sign-file is not in " + program
                    + ": install the package linux-kbuild of kernel " + kernel.release() + ", version "
                    + kernel.version() + ", or fetch it again with `twinhype kernel fetch`.");
        }
        Map<String, String> environment = new HashMap<>();
        key.passphrase().ifPresent(passphrase -> environment.put(SigningKey.PASSPHRASE_VARIABLE, passphrase));
        Tool.Result result = new Tool(
                        List.of(
                                program.toString(),
                                hash,
                                key.key(),
                                key.certificateFile().toString(),
                                module.toString()),
                        Path.of("/"),
                        environment)
                .run();
        if (!result.succeeded()) {
            throw refused(result.errors());
        }
    }

    /** OpenSSL's reasons, as sentences; one that is not known is quoted. */
    private TwinException refused(String said) {
        if (DiskFullException.saidIn(said)) {
            return new DiskFullException(kernel.root());
        }
        if (said.contains("does not match certificate") || said.contains("key values mismatch")) {
            return new SigningException("The key " + key.key() + " and the certificate " + key.certificateFile()
                    + " do not belong together; name the certificate that was made for this key with --sign-cert.");
        }
        if (said.contains("bad decrypt")) {
            return new SigningException("The passphrase of the signing key " + key.key() + " is wrong.");
        }
        if (said.contains("bad password read") || said.contains("unable to get passphrase")) {
            return new SigningException("The signing key " + key.key()
                    + " has a passphrase: name a file that holds it with --sign-passphrase-file, or set "
                    + SigningKey.PASSPHRASE_VARIABLE + ".");
        }
        if (said.contains("GLIBC_") || said.contains("error while loading shared libraries")) {
            return new SigningException("The sign-file of kernel " + kernel.release()
                    + " does not run on this system: sign on the Debian release that has this kernel. It said: "
                    + last(said));
        }
        if (said.contains("could not load the shared library") || said.contains("pkcs11")) {
            return new SigningException("The signing key " + key.key()
                    + " could not be opened as a token: is OpenSSL's PKCS#11 provider (or engine) installed, and the token"
                    + " plugged in? sign-file said: " + last(said));
        }
        if (said.contains("DECODER") || said.contains("no start line")) {
            return new SigningException(
                    "The signing key " + key.key() + " is not a private key in PEM. sign-file said: " + last(said));
        }
        return new SigningException("sign-file refused: " + last(said));
    }

    private static String last(String said) {
        List<String> lines = said.lines()
                .map(line -> line.replaceFirst("^- SSL error:\\w+:", "").strip())
                .filter(line -> !line.startsWith("At main.c"))
                .toList();
        return lines.isEmpty()
                ? "nothing."
                : String.join("; ", lines.subList(Math.max(0, lines.size() - 2), lines.size()));
    }

    /** What was signed must be the build, byte by byte, and the signature must be the certificate's. */
    private void verify(Path unsigned, Path signed, Path scratch)
            throws IOException, TwinException, InterruptedException {
        ModuleSignature signature = ModuleSignature.of(signed)
                .orElseThrow(() -> new SigningException("sign-file left " + unsigned + " without a signature."));
        byte[] content = Arrays.copyOf(Files.readAllBytes(signed), signature.content());
        if (!Arrays.equals(content, Files.readAllBytes(unsigned))) {
            throw new SigningException("sign-file changed the module " + unsigned + " while signing it.");
        }
        verify(signature, unsigned, key.certificateFile(), scratch);
    }

    /** Checks a detached signature over a file; whether the certificate is trusted is the kernel's business. */
    static void verify(ModuleSignature signature, Path content, Path certificate, Path scratch)
            throws IOException, TwinException, InterruptedException {
        Path message = Files.write(scratch.resolve("signature.p7s"), signature.message());
        Tool.Result result = new Tool(
                        scratch,
                        "openssl",
                        "cms",
                        "-verify",
                        "-binary",
                        "-noverify",
                        "-inform",
                        "DER",
                        "-in",
                        message.toString(),
                        "-content",
                        content.toString(),
                        "-certfile",
                        certificate.toString(),
                        "-out",
                        "/dev/null")
                .run();
        if (!result.succeeded()) {
            throw new SigningException("The signature of " + content + " is not one of the certificate " + certificate
                    + ": " + last(result.errors()));
        }
    }
}
