package io.twinhype.twin;

import java.io.IOException;
import java.util.List;

/**
 * A change to a kernel's source that turns its KVM into a twin. It states what it expects to find, and a source that is
 * different is refused by the edit's name.
 */
public sealed interface Edit permits TextEdit, SemanticEdit {
    /** What it states besides the change itself. */
    EditTerms terms();

    /** The name by which errors call it; unique within a kernel series. */
    default String name() {
        return terms().name();
    }

    /** The notation it is written in: "smpl" or "text". */
    String kind();

    /**
     * Makes the change to one file's text.
     *
     * @param file the path in the kernel's source, for messages
     * @param coccinelle makes semantic changes
     */
    Change change(String file, String text, Coccinelle coccinelle)
            throws IOException, TwinException, InterruptedException;

    /** The place of a file that is most like what the edit looks for and did not find, in a clause. */
    String nearest(String text);

    /**
     * A changed text.
     *
     * @param text with the change made at all places that match
     * @param lines where in the text before they are, counted from 1
     */
    record Change(String text, List<Integer> lines) {
        public Change {
            lines = List.copyOf(lines);
        }
    }
}
