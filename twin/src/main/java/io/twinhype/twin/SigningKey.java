package io.twinhype.twin;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.Map;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;

/**
 * An operator's key for modules, and the certificate by which kernels know it (Documentation/admin-guide/module-signing.rst).
 *
 * @param key a PEM file, or a URI such as {@code pkcs11:object=…} as the kernel's sign-file takes it
 * @param certificateFile the certificate, as PEM or DER
 * @param certificate what is in it
 * @param passphrase of the key, if it has one
 */
public record SigningKey(String key, Path certificateFile, X509Certificate certificate, Optional<String> passphrase) {
    /** Where sign-file itself looks for a key's passphrase. */
    static final String PASSPHRASE_VARIABLE = "KBUILD_SIGN_PIN";

    private static final String TOKEN = "pkcs11:";

    /**
     * Takes a key and its certificate, and looks at both as far as that can be done without using the key.
     *
     * @param passphraseFile its first line is the key's passphrase; without it, the environment's KBUILD_SIGN_PIN is
     * @throws SigningException if one of them cannot be read or the certificate is not valid now
     */
    public static SigningKey of(
            String key, Path certificate, Optional<Path> passphraseFile, Map<String, String> environment)
            throws SigningException {
        if (!key.startsWith(TOKEN) && !Files.isReadable(Path.of(key))) {
            throw new SigningException("The signing key " + key + " "
                    + (Files.exists(Path.of(key)) ? "cannot be read" : "does not exist")
                    + "; name a readable PEM file or a pkcs11: URI with --sign-key.");
        }
        X509Certificate read = read(certificate);
        check(certificate, read, Instant.now());
        Optional<String> passphrase = passphraseFile.isPresent()
                ? Optional.of(firstLine(passphraseFile.get()))
                : Optional.ofNullable(environment.get(PASSPHRASE_VARIABLE));
        String absolute = key.startsWith(TOKEN)
                ? key
                : Path.of(key).toAbsolutePath().normalize().toString();
        return new SigningKey(absolute, certificate.toAbsolutePath().normalize(), read, passphrase);
    }

    /** The certificate's common name, which {@code modinfo -F signer} shows; without one, all of its name. */
    public String signer() {
        String name = certificate.getSubjectX500Principal().getName();
        try {
            return new LdapName(name)
                    .getRdns().stream()
                            .filter(part -> part.getType().equalsIgnoreCase("CN"))
                            .map(part -> String.valueOf(part.getValue()))
                            .findFirst()
                            .orElse(name);
        } catch (InvalidNameException e) {
            return name;
        }
    }

    /** The key cannot be shown by accident. */
    @Override
    public String toString() {
        return "signing key " + key + " of " + signer();
    }

    private static X509Certificate read(Path file) throws SigningException {
        try (InputStream in = Files.newInputStream(file)) {
            if (CertificateFactory.getInstance("X.509").generateCertificate(in) instanceof X509Certificate read) {
                return read;
            }
            throw new SigningException(file + " is not an X.509 certificate.");
        } catch (IOException e) {
            throw new SigningException(
                    "The certificate " + file + " cannot be read (" + e.getMessage()
                            + "); name the one that belongs to the signing key with --sign-cert.",
                    e);
        } catch (CertificateException e) {
            throw new SigningException(
                    file
                            + " is not an X.509 certificate in PEM or DER; name the one that belongs to the signing key with"
                            + " --sign-cert.",
                    e);
        }
    }

    /** Kernels do not look at these dates, but whoever audits the machine does: better now than in an incident. */
    static void check(Path file, X509Certificate certificate, Instant now) throws SigningException {
        try {
            certificate.checkValidity(Date.from(now));
        } catch (CertificateExpiredException e) {
            throw new SigningException(
                    "The certificate " + file + " expired on "
                            + certificate.getNotAfter().toInstant()
                            + "; make a new key and certificate, and enrol that certificate with mokutil --import.",
                    e);
        } catch (CertificateNotYetValidException e) {
            throw new SigningException(
                    "The certificate " + file + " is not valid before "
                            + certificate.getNotBefore().toInstant()
                            + ", and this machine's clock says " + now + "; set the clock or use another certificate.",
                    e);
        }
    }

    private static String firstLine(Path file) throws SigningException {
        try {
            String text = Files.readString(file, StandardCharsets.UTF_8);
            return text.lines().findFirst().orElse("");
        } catch (IOException e) {
            throw new SigningException(
                    "The passphrase of the signing key cannot be read from " + file + " (" + e.getMessage() + ").", e);
        }
    }
}
