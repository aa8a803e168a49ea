package io.twinhype.guest;

import java.util.Map;
import java.util.TreeMap;

/**
 * How one of the guest's further checks stands (init.c says which there are, and which kernel argument switches which on).
 *
 * @param name such as {@code registers}
 * @param rounds it has completed
 * @param errors it has found; the guest's notes say the first ones in words
 * @param figures what it has measured; nanoseconds where a key ends with {@code _ns}
 */
public record GuestCheck(String name, long rounds, long errors, Map<String, Long> figures) {
    /** Copies the figures. */
    public GuestCheck {
        figures = new TreeMap<>(figures);
    }

    /** Returns a figure, 0 if the check has none of this name. */
    public long figure(String key) {
        return figures.getOrDefault(key, 0L);
    }
}
