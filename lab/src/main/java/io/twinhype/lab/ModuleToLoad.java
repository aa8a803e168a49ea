package io.twinhype.lab;

import io.twinhype.kmod.KernelModule;
import io.twinhype.kmod.KernelModuleException;
import io.twinhype.kmod.PackagedModules;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A kernel module that the lab loads before it runs the command. What it depends on is loaded before it, out of the
 * kernel's package, unless an earlier entry brings it.
 *
 * @param file the {@code .ko}
 * @param parameters as for insmod, for instance {@code "npt=1 nested=0"}; empty for none
 */
public record ModuleToLoad(Path file, String parameters) {
    /** A module without parameters. */
    public ModuleToLoad(Path file) {
        this(file, "");
    }

    /** Modules without parameters. */
    public static List<ModuleToLoad> of(List<Path> files) {
        return files.stream().map(ModuleToLoad::new).toList();
    }

    /** Modules in load order, with what they depend on, without those that are loaded before them. */
    static List<ModuleToLoad> inOrder(PackagedModules packaged, List<ModuleToLoad> wanted, Set<String> loaded)
            throws KernelModuleException {
        Map<Path, ModuleToLoad> given = new HashMap<>();
        wanted.forEach(module -> given.putIfAbsent(module.file(), module));
        return packaged.inLoadOrder(wanted.stream().map(ModuleToLoad::file).toList()).stream()
                .filter(file -> !loaded.contains(KernelModule.nameOf(file)))
                .map(file -> given.getOrDefault(file, new ModuleToLoad(file)))
                .toList();
    }
}
