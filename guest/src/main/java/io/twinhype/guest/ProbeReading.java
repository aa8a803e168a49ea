package io.twinhype.guest;

/**
 * What the guest's probe, a file named by the kernel argument {@code twinhype.probe}, said last.
 *
 * @param outcome its first word, at most 8 letters; {@code error} if it could not be read
 * @param check the number of the guest's round of checks it belongs to, from 1; a round takes place once a second
 * @param atNanos when the first beat that reports this round arrived, by {@link System#nanoTime}
 */
public record ProbeReading(String outcome, long check, long atNanos) {}
