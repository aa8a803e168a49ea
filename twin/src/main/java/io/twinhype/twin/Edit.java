package io.twinhype.twin;

import java.util.List;

/**
 * A change to a kernel's source that turns its KVM into a twin. It states what it expects to find, and a source that is
 * different is refused by the edit's name.
 */
public sealed interface Edit permits TextEdit {
    /** The name by which errors call it; unique within a kernel series. */
    String name();

    /** Which collision between two copies of KVM it removes. */
    String reason();

    /** The file it changes, a path in the kernel's source. */
    String file();

    /** How many places of the file it must match, exactly. */
    int expect();

    /** The kernel series it is known for. */
    List<String> kernels();
}
