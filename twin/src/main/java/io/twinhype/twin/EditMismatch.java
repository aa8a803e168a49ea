package io.twinhype.twin;

/**
 * One edit that does not find what it expects.
 *
 * @param edit the edit's name
 * @param file the path in the kernel's source
 * @param expected how many matches it expects
 * @param found how many there are
 * @param place where the nearest text is, in a clause
 */
public record EditMismatch(String edit, String file, int expected, int found, String place) {
    String sentence() {
        return "edit \"" + edit + "\" expects " + expected + " match" + (expected == 1 ? "" : "es") + " in " + file
                + " and found " + found + ": " + place + ".";
    }
}
