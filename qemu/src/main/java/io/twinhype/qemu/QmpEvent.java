package io.twinhype.qemu;

import tools.jackson.databind.JsonNode;

/**
 * Something QEMU reported by itself.
 *
 * @param name the event's name in the QAPI schema, such as {@code MIGRATION} or {@code STOP}
 * @param data its data, an empty object if it has none
 * @param atNanos when it was read, by {@link System#nanoTime}
 */
public record QmpEvent(String name, JsonNode data, long atNanos) {}
