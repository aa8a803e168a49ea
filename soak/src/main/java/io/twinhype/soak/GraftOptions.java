package io.twinhype.soak;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a soak of grafts is asked for.
 *
 * @param series the lab's kernel series, such as 6.1
 * @param grafts how many in a row
 * @param quick whether only the short form's cases are done
 * @param only names of the cases to do; none: all
 * @param debian13 a directory with a Debian 13 in which QEMU is installed; without one its cases are left out
 * @param out where results go
 */
public record GraftOptions(
        String series, int grafts, boolean quick, List<String> only, Optional<Path> debian13, Path out) {
    /** So many in a row are promised. */
    public static final int FULL_ROW = 1000;

    /** So many a test can afford. */
    public static final int QUICK_ROW = 25;

    public GraftOptions {
        only = List.copyOf(only);
        out = out.toAbsolutePath().normalize();
        debian13 = debian13.map(root -> root.toAbsolutePath().normalize());
    }
}
