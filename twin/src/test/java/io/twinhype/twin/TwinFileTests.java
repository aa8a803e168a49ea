package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.twinhype.kmod.testing.TestModule;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TwinFileTests {
    @TempDir
    private Path directory;

    @Test
    void aHypervisorsModuleIsKnownByWhatItSaysOfItself() throws Exception {
        Path file = TestModule.write(directory.resolve("any-name.ko"), "twinhype_b", "twinhype_base");
        assertThatNoException().isThrownBy(() -> TwinFile.require(Twin.B, file));
        assertThatExceptionOfType(VerificationException.class)
                .isThrownBy(() -> TwinFile.require(Twin.A, file))
                .withMessageContaining("any-name.ko is the module twinhype_b, not twinhype_a of hypervisor A.");
    }

    @Test
    void whatIsNoModuleIsRefused() throws Exception {
        Path text = Files.writeString(directory.resolve("text.ko"), "not a module at all");
        assertThatExceptionOfType(VerificationException.class)
                .isThrownBy(() -> TwinFile.require(Twin.A, text))
                .withMessageContaining("text.ko");
        assertThatExceptionOfType(VerificationException.class)
                .isThrownBy(() -> TwinFile.require(Twin.A, directory.resolve("absent.ko")))
                .withMessageContaining("There is no file ")
                .withMessageContaining("absent.ko");
        assertThatExceptionOfType(VerificationException.class)
                .isThrownBy(() -> TwinFile.require(Twin.A, directory))
                .withMessageContaining("There is no file ");
    }
}
