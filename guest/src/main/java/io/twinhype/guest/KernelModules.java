package io.twinhype.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.stream.Stream;

/** The kernel modules below one directory, such as /lib/modules/RELEASE, and the order to load them in. */
final class KernelModules {
    private final Path directory;
    private final Map<String, Path> files = new HashMap<>();

    private KernelModules(Path directory) {
        this.directory = directory;
    }

    static KernelModules in(Path directory) throws GuestException {
        var modules = new KernelModules(directory);
        try (Stream<Path> found = Files.walk(directory)) {
            found.filter(file -> file.getFileName().toString().endsWith(".ko"))
                    .forEach(file -> modules.files.put(name(file), file));
        } catch (IOException unreadable) {
            throw new GuestException(
                    "cannot read the kernel modules in " + directory + ": " + unreadable.getMessage(), unreadable);
        }
        return modules;
    }

    /** Returns the files of the named modules and all they depend on, dependencies first. */
    List<Path> closure(List<String> names) throws GuestException {
        var ordered = new LinkedHashSet<Path>();
        for (String name : names) {
            add(name, ordered, new ArrayList<>());
        }
        return List.copyOf(ordered);
    }

    private void add(String name, SequencedSet<Path> ordered, List<String> dependents) throws GuestException {
        Path file = files.get(normal(name));
        if (file == null) {
            throw new GuestException("the kernel modules in " + directory + " have no " + name
                    + ".ko (modules compressed as .ko.xz are not supported): unpack the kernel's linux-image package"
                    + " there");
        }
        if (ordered.contains(file)) {
            return;
        }
        if (dependents.contains(name)) {
            throw new GuestException("the kernel modules in " + directory + " depend on each other in a circle: "
                    + String.join(", ", dependents));
        }
        var chain = new ArrayList<>(dependents);
        chain.add(name);
        try {
            for (String dependency : ModuleInformation.dependencies(file)) {
                add(dependency, ordered, chain);
            }
        } catch (IOException unreadable) {
            throw new GuestException(
                    "cannot read the kernel module " + file + ": " + unreadable.getMessage(), unreadable);
        }
        ordered.add(file);
    }

    private static String name(Path file) {
        String fileName = file.getFileName().toString();
        return normal(fileName.substring(0, fileName.length() - ".ko".length()));
    }

    private static String normal(String name) {
        return name.replace('-', '_');
    }
}
