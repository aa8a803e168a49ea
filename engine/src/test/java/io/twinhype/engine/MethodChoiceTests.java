package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MethodChoiceTests {
    /** Each method and its obstacle; "" for none. */
    private static List<MethodCheck> checks(String graft, String handoff, String copy) {
        return List.of(
                check(MigrationMethod.GRAFT, graft),
                check(MigrationMethod.HANDOFF, handoff),
                check(MigrationMethod.COPY, copy));
    }

    private static MethodCheck check(MigrationMethod method, String obstacle) {
        return obstacle.isEmpty() ? MethodCheck.possible(method) : MethodCheck.impossible(method, obstacle);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''  | ''      | ''   | false | GRAFT   | graft: only the hypervisor is replaced, and nothing is in a graft's way
            ''  | private | ''   | false | GRAFT   | graft: only the hypervisor is replaced, and nothing is in a graft's way
            SEV | ''      | ''   | false | HANDOFF | handoff: no graft is possible (SEV), but the VM's memory can be shared with a new VMM
            ''  | ''      | ''   | true  | HANDOFF | handoff: the VMM is to be replaced, too, and the VM's memory can be shared with the new one
            SEV | private | ''   | false | COPY    | copy: neither a graft (SEV) nor a handoff (private) is possible
            ''  | private | ''   | true  | COPY    | copy: neither a graft (the VMM is to be replaced, too, and a graft keeps it) nor a handoff (private) is possible
            SEV | private | hers | false |         | no method is possible: graft: SEV; handoff: private; copy: hers
            """)
    void theLeastIsMovedThatWillDo(
            String graft, String handoff, String copy, boolean newVmm, MigrationMethod method, String reason) {
        MethodChoice choice = MethodChoice.of(checks(graft, handoff, copy), newVmm);
        assertThat(choice.method()).isEqualTo(Optional.ofNullable(method));
        assertThat(choice.reason()).isEqualTo(reason);
        assertThat(choice.checks()).hasSize(3);
    }

    @Test
    void whatIsNotCheckedIsNotPossible() {
        MethodChoice choice = MethodChoice.of(List.of(MethodCheck.possible(MigrationMethod.COPY)), false);
        assertThat(choice.method()).contains(MigrationMethod.COPY);
    }

    @Test
    void somethingIsSentExactlyBetweenTwoProcesses() {
        for (MigrationMethod method : MigrationMethod.values()) {
            assertThat(MigrationOptions.of(method).method()).isEqualTo(method);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MigrationOptions(MigrationMethod.GRAFT, Transport.UNIX, 0, Duration.ofSeconds(1)))
                .withMessage("graft does not go through UNIX");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MigrationOptions(MigrationMethod.COPY, Transport.NONE, 0, Duration.ofSeconds(1)));
    }
}
