package io.twinhype.linux;

import java.util.List;

/**
 * One line of {@code /proc/modules} ({@code proc(5)}; kernel/module/procfs.c).
 *
 * @param name the module's name, with underscores
 * @param bytes its size in memory
 * @param references how many users it has; it can be unloaded at 0
 * @param usedBy the modules among its users
 * @param state {@code Live}, {@code Loading} or {@code Unloading}
 */
public record LoadedModule(String name, long bytes, int references, List<String> usedBy, String state) {
    public LoadedModule {
        usedBy = List.copyOf(usedBy);
    }
}
