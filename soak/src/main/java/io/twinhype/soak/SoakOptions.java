package io.twinhype.soak;

import java.nio.file.Path;
import java.util.List;

/**
 * What a soak is asked for.
 *
 * @param series the kernel's series, such as 6.1
 * @param size how much of everything
 * @param out where results go
 * @param twinhype the words by which the lab can start the command twinhype; none: what needs it is left out
 * @param guards those to take out, to show that they are needed
 */
public record SoakOptions(String series, SoakSize size, Path out, List<String> twinhype, List<Guard> guards) {
    public SoakOptions {
        out = out.toAbsolutePath().normalize();
        twinhype = List.copyOf(twinhype);
        guards = List.copyOf(guards);
    }
}
