package io.twinhype.cli;

import io.twinhype.twin.KernelTree;
import io.twinhype.twin.ModuleSigner;
import io.twinhype.twin.SigningException;
import io.twinhype.twin.SigningKey;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** With which key modules are signed, for hosts whose kernel takes signed ones only. */
final class SigningOptions {
    @Option(
            names = "--sign-key",
            paramLabel = "KEY",
            description = "Sign the modules with this key: a PEM file, or a pkcs11: URI.")
    private @Nullable String key;

    @Option(
            names = "--sign-cert",
            paramLabel = "FILE",
            description = "The key's certificate, PEM or DER, which the host's kernel trusts.")
    private @Nullable Path certificate;

    @Option(
            names = "--sign-passphrase-file",
            paramLabel = "FILE",
            description =
                    "A file whose first line is the key's passphrase (else the environment's KBUILD_SIGN_PIN is).")
    private @Nullable Path passphraseFile;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // set by picocli before key()
    private CommandSpec spec;

    /** The key, if one was named. */
    Optional<SigningKey> key() throws SigningException {
        if (key == null && certificate == null) {
            return Optional.empty();
        }
        if (key == null || certificate == null) {
            throw new ParameterException(spec.commandLine(), "--sign-key and --sign-cert belong together: name both.");
        }
        return Optional.of(SigningKey.of(key, certificate, Optional.ofNullable(passphraseFile), System.getenv()));
    }

    /** What signs with it, if one was named. */
    Optional<ModuleSigner> signer(KernelTree kernel) throws SigningException {
        return key().map(named -> new ModuleSigner(kernel, named));
    }

    /** The same options for a later command, with absolute paths. The passphrase's file is named, not read. */
    List<String> arguments() throws SigningException {
        List<String> arguments = new ArrayList<>();
        key().ifPresent(named -> arguments.addAll(List.of(
                "--sign-key",
                named.key(),
                "--sign-cert",
                named.certificateFile().toString())));
        if (passphraseFile != null) {
            arguments.addAll(List.of(
                    "--sign-passphrase-file", passphraseFile.toAbsolutePath().toString()));
        }
        return arguments;
    }
}
