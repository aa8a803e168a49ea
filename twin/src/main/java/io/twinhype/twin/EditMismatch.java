package io.twinhype.twin;

/**
 * One edit that does not find what it expects.
 *
 * @param edit the edit's name
 * @param file the path in the kernel's source; several with commas between them
 * @param expected how many places it expects to change
 * @param found how many there are
 * @param place where the nearest text is, or what is left that must be gone, in a clause
 */
public record EditMismatch(String edit, String file, int expected, int found, String place) {
    String sentence() {
        String expects = "edit \"" + edit + "\" expects " + expected + " match" + (expected == 1 ? "" : "es") + " in "
                + file + " and found " + found;
        return expects + (expected == found && found > 0 ? ", but " : ": ") + place + ".";
    }
}
