package io.twinhype.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The modules of a kernel's package, and the order in which they must be loaded. An unpacked package has no
 * {@code modules.dep} (depmod makes it at installation), so the order is worked out from the modules themselves.
 */
final class PackagedModules {
    private final LabKernel kernel;
    private final Map<String, Path> files;
    private final Set<String> builtIn;

    PackagedModules(LabKernel kernel) throws LabException {
        this.kernel = kernel.checked();
        Path builtInList = kernel.modulesDirectory().resolve("modules.builtin");
        try (Stream<Path> tree = Files.walk(kernel.modulesDirectory().resolve("kernel"))) {
            Map<String, Path> found = new HashMap<>();
            tree.filter(file -> file.getFileName().toString().matches(".*\\.ko(\\.xz|\\.zst|\\.gz)?"))
                    .forEach(file -> found.put(ModuleFile.nameOf(file), file));
            files = Map.copyOf(found);
            builtIn = Files.readAllLines(builtInList).stream()
                    .map(line -> ModuleFile.nameOf(Path.of(line)))
                    .collect(Collectors.toUnmodifiableSet());
        } catch (IOException e) {
            throw new LabException.Unprepared(
                    "The modules of kernel " + kernel.release() + " in " + kernel.modulesDirectory()
                            + " cannot be read: unpack its package again.",
                    e);
        }
    }

    boolean isBuiltIn(String name) {
        return builtIn.contains(ModuleFile.canonical(name));
    }

    /** The module of this name; {@code -} and {@code _} are the same. */
    Path file(String name) throws LabException {
        Path file = files.get(ModuleFile.canonical(name));
        if (file == null) {
            throw new LabException.Unprepared("Kernel " + kernel.release() + " has no module " + name + " in "
                    + kernel.modulesDirectory() + ": unpack its package again.");
        }
        if (!file.toString().endsWith(".ko")) {
            throw new LabException.Unprepared("The module " + file + " is compressed, which the lab does not read yet: "
                    + "use a kernel whose modules are plain .ko files, such as Debian 12's.");
        }
        return file;
    }

    /**
     * The wanted modules with what they depend on, each once, in an order in which they can be loaded. A dependency is
     * taken from the wanted ones if it is among them, else from the package.
     */
    List<ModuleToLoad> inLoadOrder(List<ModuleToLoad> wanted) throws LabException {
        Map<String, ModuleToLoad> given = new LinkedHashMap<>();
        for (ModuleToLoad module : wanted) {
            given.putIfAbsent(ModuleFile.read(module.file()).name(), module);
        }
        List<ModuleToLoad> order = new ArrayList<>();
        Set<String> done = new HashSet<>(builtIn);
        done.removeAll(given.keySet());
        for (String name : given.keySet()) {
            append(name, given, order, done);
        }
        return List.copyOf(order);
    }

    private void append(String name, Map<String, ModuleToLoad> given, List<ModuleToLoad> order, Set<String> done)
            throws LabException {
        if (!done.add(name)) {
            return;
        }
        ModuleToLoad module = given.get(name);
        if (module == null) {
            module = new ModuleToLoad(file(name));
        }
        for (String dependency : ModuleFile.read(module.file()).dependencies()) {
            append(dependency, given, order, done);
        }
        order.add(module);
    }
}
