package io.twinhype.engine;

import io.twinhype.twin.CanaryResult;
import io.twinhype.twin.Twin;

/**
 * A hypervisor that is loaded and on which a guest has just run.
 *
 * @param identity hash of what it was built from, as the loaded module says it
 * @param canary what the canary guest saw
 */
public record LoadedHypervisor(Twin twin, String identity, CanaryResult canary) {}
