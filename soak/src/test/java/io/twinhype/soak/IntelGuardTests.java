package io.twinhype.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class IntelGuardTests {
    /** Of this source tree; tests run in the module's directory. */
    private static final Path BASE = Path.of("..", "kernel", "base");

    @ParameterizedTest
    @EnumSource
    void canBeTakenOutOfTheBaseAsItIs(IntelGuard guard) throws Exception {
        String source = Files.readString(BASE.resolve(guard.file()));
        assertThat(guard.takenOutOf(source)).isNotEqualTo(source);
    }

    @ParameterizedTest
    @EnumSource
    void anotherSourceIsRefused(IntelGuard guard) {
        assertThatThrownBy(() -> guard.takenOutOf("int main(void) {}\n"))
                .isInstanceOf(SoakException.class)
                .hasMessageContaining(guard.word())
                .hasMessageContaining("kernel/base/" + guard.file());
    }
}
