package io.twinhype.twin;

import java.nio.file.Path;
import java.util.List;

/** The base and the two hypervisors that are loaded over it. */
public record Trio(ModuleBuild base, ModuleBuild a, ModuleBuild b) {
    /** In the order in which they are loaded. */
    public List<ModuleBuild> builds() {
        return List.of(base, a, b);
    }

    /** The modules, in the order in which they are loaded. */
    public List<Path> files() {
        return builds().stream().map(ModuleBuild::file).toList();
    }

    /** With another build of one hypervisor. */
    public Trio with(Twin twin, ModuleBuild other) {
        return switch (twin) {
            case A -> new Trio(base, other, b);
            case B -> new Trio(base, a, other);
        };
    }
}
