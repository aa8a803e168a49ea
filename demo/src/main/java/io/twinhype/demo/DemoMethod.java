package io.twinhype.demo;

import io.twinhype.engine.MigrationOptions;
import java.util.Locale;

/** The ways to move a VM that the demo knows. */
public enum DemoMethod {
    /** RAM is shared, device state goes through a UNIX socket. */
    HANDOFF(MigrationOptions.HANDOFF),
    /** Everything is copied through a UNIX socket. */
    COPY(MigrationOptions.COPY),
    /** Ordinary live migration over TCP on the loopback interface: what the others are compared with. */
    TCP(MigrationOptions.COPY_OVER_TCP);

    private final MigrationOptions options;

    DemoMethod(MigrationOptions options) {
        this.options = options;
    }

    MigrationOptions options() {
        return options;
    }

    /** As it stands in tables and in JSON. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
