package io.twinhype.graft;

/**
 * Makes a graft fail at one of its steps, as if the kernel had answered EIO: for tests and rehearsals.
 *
 * @param step one of {@link Graft#steps}
 * @param occurrence at which of its executions, from 1
 */
public record GraftFault(String step, int occurrence) {
    /** Makes the step fail the first time. */
    public static GraftFault at(String step) {
        return new GraftFault(step, 1);
    }
}
