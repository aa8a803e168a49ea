package io.twinhype.soak;

/**
 * What became of a check without the guard that it looks after.
 *
 * @param guard the guard's name
 * @param twin the hypervisor it was taken out of
 * @param check the check that must fail
 * @param noticed whether it did
 * @param sentence how
 */
public record GuardOutcome(String guard, String twin, String check, boolean noticed, String sentence) {}
