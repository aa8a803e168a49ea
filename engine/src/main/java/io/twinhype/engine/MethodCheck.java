package io.twinhype.engine;

import java.util.Optional;

/**
 * Whether a VM can be moved by a method.
 *
 * @param obstacle why it can't, in words; empty if it can
 */
public record MethodCheck(MigrationMethod method, Optional<String> obstacle) {
    /** It can. */
    static MethodCheck possible(MigrationMethod method) {
        return new MethodCheck(method, Optional.empty());
    }

    /** It can't, for a reason. */
    static MethodCheck impossible(MigrationMethod method, String obstacle) {
        return new MethodCheck(method, Optional.of(obstacle));
    }

    /** Says whether it can. */
    public boolean possible() {
        return obstacle.isEmpty();
    }
}
