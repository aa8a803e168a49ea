package io.twinhype.engine;

import io.twinhype.qemu.QemuProcess;

/** Is told how far a migration got: tests and rehearsals break something at exactly that point. */
interface MigrationSteps {
    /** Does nothing. */
    MigrationSteps NONE = new MigrationSteps() {};

    /** Kills the destination when the source has stopped. */
    MigrationSteps DEATH_OF_DESTINATION = new MigrationSteps() {
        @Override
        public boolean holdsBeforeSwitchover() {
            return true;
        }

        @Override
        public void beforeSwitchover(QemuProcess destination) {
            destination.kill();
        }
    };

    /** Whether the source shall stop and wait for {@link #beforeSwitchover}; costs a round trip within the pause. */
    default boolean holdsBeforeSwitchover() {
        return false;
    }

    /** The destination waits for the migration; the source has not been touched. */
    default void prepared(QemuProcess destination) {}

    /** The source has been told to migrate. */
    default void started(QemuProcess destination) {}

    /** The vCPUs have stopped; disks and device state are still the source's. */
    default void beforeSwitchover(QemuProcess destination) {}

    /** The destination has everything; the next command lets it run. */
    default void beforeCommit(QemuProcess destination) {}
}
