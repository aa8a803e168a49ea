package io.twinhype.demo;

import io.twinhype.engine.MigrationOptions;
import java.util.Locale;

/** The ways to move a VM that the demo knows. */
public enum DemoMethod {
    /** The VMM stays; the hypervisor under it is changed. */
    GRAFT,
    /** RAM is shared, device state goes through a UNIX socket. */
    HANDOFF,
    /** Everything is copied through a UNIX socket. */
    COPY,
    /** Ordinary live migration over TCP on the loopback interface: what the others are compared with. */
    TCP;

    MigrationOptions options() {
        return switch (this) {
            case GRAFT -> MigrationOptions.GRAFT;
            case HANDOFF -> MigrationOptions.HANDOFF;
            case COPY -> MigrationOptions.COPY;
            case TCP -> MigrationOptions.COPY_OVER_TCP;
        };
    }

    /** As it stands in tables and in JSON. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
