package io.twinhype.soak;

import io.twinhype.lab.ModuleToLoad;
import io.twinhype.twin.ModuleBuild;
import io.twinhype.twin.Twin;
import java.util.List;
import java.util.Map;

/** The base and two hypervisors that are loaded over it. */
record Trio(ModuleBuild base, ModuleBuild a, ModuleBuild b) {
    /** With another build of one hypervisor. */
    Trio with(Twin twin, ModuleBuild other) {
        return switch (twin) {
            case A -> new Trio(base, other, b);
            case B -> new Trio(base, a, other);
        };
    }

    /** In the order in which they are loaded. */
    List<ModuleToLoad> modules() {
        return List.of(new ModuleToLoad(base.file()), new ModuleToLoad(a.file()), new ModuleToLoad(b.file()));
    }

    /** What soak.sh calls them. */
    Map<String, String> variables() {
        return Map.of(
                "BASE",
                base.file().toString(),
                "A",
                a.file().toString(),
                "B",
                b.file().toString());
    }
}
