package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a kernel says of itself in sysfs, securityfs and efivarfs. */
final class ModuleTrustTests {
    @TempDir
    private Path sys;

    @Test
    void aMachineThatSaysNothingTakesAnyModule() throws Exception {
        assertThat(ModuleTrust.in(sys).demandsSignatures()).isFalse();
        write("module/module/parameters/sig_enforce", "N\n");
        write("kernel/security/lockdown", "[none] integrity confidentiality\n");
        write("firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\6\0\0\0\0");
        Path unsigned = Files.writeString(sys.resolve("m.ko"), "a module");
        assertThat(ModuleTrust.in(sys).reasons()).isEmpty();
        assertThatCode(() -> ModuleTrust.in(sys).require(unsigned)).doesNotThrowAnyException();
        assertThatCode(() -> ModuleTrust.in(sys).requireKey("6.1")).doesNotThrowAnyException();
    }

    @Test
    void whateverDemandsSignaturesIsNamedWithWhatToDo() throws Exception {
        write("module/module/parameters/sig_enforce", "Y\n");
        write("kernel/security/lockdown", "none [integrity] confidentiality\n");
        write("firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\6\0\0\0\1");
        Path unsigned = Files.writeString(sys.resolve("m.ko"), "a module");
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> ModuleTrust.in(sys).require(unsigned))
                .withMessageStartingWith(
                        "The kernel would refuse m.ko, which is not signed, because module.sig_enforce is set"
                                + " and the kernel is locked down (integrity) and Secure Boot is on. ")
                .withMessageContaining("mokutil --import");
        assertThatExceptionOfType(SigningException.class)
                .isThrownBy(() -> ModuleTrust.in(sys).requireKey("6.1.0-56-amd64"))
                .withMessageStartingWith("Kernel 6.1.0-56-amd64 would refuse modules that are not signed, because ");
    }

    @Test
    void eachReasonAloneIsEnough() throws Exception {
        write("firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\6\0\0\0\1");
        assertThat(ModuleTrust.in(sys).reasons()).containsExactly("Secure Boot is on");
    }

    private void write(String name, String text) throws IOException {
        Path file = sys.resolve(name);
        Files.createDirectories(file.resolveSibling("."));
        Files.writeString(file, text);
    }
}
