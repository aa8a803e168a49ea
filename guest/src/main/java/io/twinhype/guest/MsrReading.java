package io.twinhype.guest;

/**
 * What the guest's last RDMSR gave.
 *
 * @param outcome {@code ok:HEX} with the value read, or {@code fault} if the processor raised #GP
 * @param check the number of the guest's round of checks it belongs to, from 1; a round takes place once a second
 * @param atNanos when the first beat that reports this round arrived, by {@link System#nanoTime}
 */
public record MsrReading(String outcome, long check, long atNanos) {}
