package io.twinhype.kmod;

import java.io.IOException;
import java.io.UncheckedIOException;
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
public final class PackagedModules {
    private final Path directory;
    private final Map<String, Path> files;
    private final Set<String> builtIn;

    private PackagedModules(Path directory, Map<String, Path> files, Set<String> builtIn) {
        this.directory = directory;
        this.files = Map.copyOf(files);
        this.builtIn = Set.copyOf(builtIn);
    }

    /** Those below a directory such as {@code lib/modules/RELEASE}. */
    public static PackagedModules in(Path directory) throws KernelModuleException {
        Path builtInList = directory.resolve("modules.builtin");
        try (Stream<Path> tree = Files.walk(directory.resolve("kernel"))) {
            Map<String, Path> found = new HashMap<>();
            tree.filter(KernelModule::isModule).forEach(file -> found.put(KernelModule.nameOf(file), file));
            Set<String> builtIn = Files.readAllLines(builtInList).stream()
                    .map(line -> KernelModule.nameOf(Path.of(line)))
                    .collect(Collectors.toSet());
            return new PackagedModules(directory, found, builtIn);
        } catch (IOException | UncheckedIOException e) {
            throw new KernelModuleException(
                    "The kernel modules in " + directory + " cannot be read (" + e.getMessage()
                            + "): unpack their package again.",
                    e);
        }
    }

    /** Whether the kernel's image has this module in it. */
    public boolean isBuiltIn(String name) {
        return builtIn.contains(KernelModule.canonical(name));
    }

    /** The module of this name; {@code -} and {@code _} are the same. */
    public Path file(String name) throws KernelModuleException {
        Path file = files.get(KernelModule.canonical(name));
        if (file == null) {
            throw new KernelModuleException("The kernel in " + directory + " has no module " + name
                    + ": unpack its package again, or build the module and name it before what needs it.");
        }
        return file;
    }

    /** The files of those of the named modules that are not in the kernel's image. */
    public List<Path> filesOf(List<String> names) throws KernelModuleException {
        List<Path> found = new ArrayList<>();
        for (String name : names) {
            if (!isBuiltIn(name)) {
                found.add(file(name));
            }
        }
        return List.copyOf(found);
    }

    /**
     * The wanted modules with what they depend on, each once, in an order in which they can be loaded. A dependency is
     * taken from the wanted ones if it is among them, else from the package.
     */
    public List<Path> inLoadOrder(List<Path> wanted) throws KernelModuleException {
        Map<String, KernelModule> given = new LinkedHashMap<>();
        for (Path file : wanted) {
            KernelModule module = KernelModule.read(file);
            given.putIfAbsent(module.name(), module);
        }
        List<Path> order = new ArrayList<>();
        Set<String> done = new HashSet<>(builtIn);
        done.removeAll(given.keySet());
        for (String name : given.keySet()) {
            append(name, given, order, done, List.of());
        }
        return List.copyOf(order);
    }

    private void append(
            String name, Map<String, KernelModule> given, List<Path> order, Set<String> done, List<String> dependents)
            throws KernelModuleException {
        List<String> chain = new ArrayList<>(dependents);
        chain.add(name);
        if (dependents.contains(name)) {
            throw new KernelModuleException("The kernel modules in " + directory + " depend on each other in a circle: "
                    + String.join(", ", chain) + ".");
        }
        if (done.contains(name)) {
            return;
        }
        KernelModule module = given.get(name);
        if (module == null) {
            module = KernelModule.read(file(name));
        }
        for (String dependency : module.dependencies()) {
            append(dependency, given, order, done, chain);
        }
        done.add(name);
        order.add(module.file());
    }
}
