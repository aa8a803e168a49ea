package io.twinhype.twin;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether the running kernel takes modules without a signature that it trusts (kernel_lockdown(7), module.sig_enforce of
 * Documentation/admin-guide/kernel-parameters.txt), so that what it would refuse is not even tried.
 *
 * @param reasons why it does not, as clauses such as "Secure Boot is on"; empty if it takes any module
 * @param trusted the lists of certificates that the firmware and shim hand to the kernel, as far as they can be read
 */
public record ModuleTrust(List<String> reasons, List<Path> trusted) {
    private static final String GLOBAL = "-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    private static final String DATABASE = "-d719b2cb-3d3a-4596-a3bc-dad00e67656f";
    private static final String SHIM = "-605dab50-e046-4300-abb6-3dd810dd8b23";
    private static final Pattern CHOSEN = Pattern.compile("\\[(\\w+)\\]");

    public ModuleTrust {
        reasons = List.copyOf(reasons);
        trusted = List.copyOf(trusted);
    }

    /** What the running kernel demands. What cannot be read counts as not there. */
    public static ModuleTrust ofThisMachine() {
        return in(Path.of("/sys"));
    }

    /** What the kernel demands that shows itself in a directory like {@code /sys}. */
    public static ModuleTrust in(Path sys) {
        List<String> reasons = new ArrayList<>();
        Path variables = sys.resolve("firmware/efi/efivars");
        if (text(sys.resolve("module/module/parameters/sig_enforce")).startsWith("Y")) {
            reasons.add("module.sig_enforce is set");
        }
        Matcher lockdown = CHOSEN.matcher(text(sys.resolve("kernel/security/lockdown")));
        if (lockdown.find() && !lockdown.group(1).equals("none")) {
            reasons.add("the kernel is locked down (" + lockdown.group(1) + ")");
        }
        // A variable of efivarfs: four bytes of attributes, then the value.
        byte[] secureBoot = bytes(variables.resolve("SecureBoot" + GLOBAL));
        if (secureBoot.length > 4 && secureBoot[4] == 1) {
            reasons.add("Secure Boot is on");
        }
        List<Path> trusted = new ArrayList<>();
        for (Path list : List.of(
                sys.resolve("firmware/efi/mok-variables/MokListRT"),
                variables.resolve("MokListRT" + SHIM),
                variables.resolve("db" + DATABASE))) {
            if (Files.isReadable(list)) {
                trusted.add(list);
            }
        }
        return new ModuleTrust(reasons, trusted);
    }

    /** Whether the kernel takes signed modules only. */
    public boolean demandsSignatures() {
        return !reasons.isEmpty();
    }

    /**
     * Refuses a module without signature where the kernel would.
     *
     * @throws SigningException with what to do
     */
    public void require(Path module) throws SigningException {
        if (!demandsSignatures()) {
            return;
        }
        try {
            if (ModuleSignature.of(module).isEmpty()) {
                throw new SigningException("The kernel would refuse " + module.getFileName()
                        + ", which is not signed, because " + String.join(" and ", reasons) + ". " + advice());
            }
        } catch (IOException e) {
            throw new SigningException("The module " + module + " cannot be read (" + e.getMessage() + ").", e);
        }
    }

    /**
     * Refuses to go without a signing key where the kernel would refuse the modules.
     *
     * @param release the kernel they are for
     * @throws SigningException with what to do
     */
    public void requireKey(String release) throws SigningException {
        if (demandsSignatures()) {
            throw new SigningException("Kernel " + release + " would refuse modules that are not signed, because "
                    + String.join(" and ", reasons) + ". " + advice());
        }
    }

    /** What an operator has to do once for modules of their own. */
    public static String advice() {
        return "Make a key and a certificate, enrol the certificate with `mokutil --import CERT.der` and a reboot, then use"
                + " --sign-key and --sign-cert (docs/install.md, Secure Boot).";
    }

    /**
     * What is to be done before the kernel trusts a certificate.
     *
     * @param der where the certificate lies as DER, which mokutil(1) takes
     * @return nothing if the kernel takes any module, or the certificate is in one of the lists
     */
    public Optional<String> missing(X509Certificate certificate, Path der) throws SigningException {
        if (!demandsSignatures()) {
            return Optional.empty();
        }
        String wanted;
        try {
            wanted = new String(certificate.getEncoded(), StandardCharsets.ISO_8859_1);
        } catch (CertificateEncodingException e) {
            throw new SigningException(
                    "The certificate " + certificate.getSubjectX500Principal() + " has no DER form.", e);
        }
        for (Path list : trusted) {
            if (new String(bytes(list), StandardCharsets.ISO_8859_1).contains(wanted)) {
                return Optional.empty();
            }
        }
        return Optional.of("The kernel takes signed modules only (" + String.join(", ", reasons)
                + ") and this certificate is in no list of trusted ones that can be read here: type `mokutil --import "
                + der
                + "`, reboot and confirm it on the console, before the modules are needed.");
    }

    private static String text(Path file) {
        return new String(bytes(file), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            return new byte[0];
        }
    }
}
