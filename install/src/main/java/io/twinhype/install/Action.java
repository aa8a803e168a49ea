package io.twinhype.install;

/**
 * What was done, or would be done, to one file of the host.
 *
 * @param kind what
 * @param path the file, relative to the host's root
 */
public record Action(Kind kind, String path) {
    /** The ways in which an installation treats a file. */
    public enum Kind {
        /** It was not there. */
        WRITE("write"),
        /** It was there, of an earlier installation. */
        REPLACE("replace"),
        /** It is there already, byte by byte. */
        UNCHANGED("unchanged"),
        /** Somebody changed it after it was installed: it stays as it is. */
        KEEP("kept, changed since it was installed:"),
        /** It is removed. */
        REMOVE("remove"),
        /** It was to be removed, and somebody did already. */
        GONE("gone already:");

        private final String word;

        Kind(String word) {
            this.word = word;
        }
    }

    @Override
    public String toString() {
        return kind.word + " /" + path;
    }
}
