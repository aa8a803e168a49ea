package io.twinhype.bench;

/**
 * A guest's share of a comparison.
 *
 * @param copies moves by each of the two methods that send all memory: they take a while, the longer the more there is
 */
public record MigratePart(MigrateGuest guest, int copies) {}
