package io.twinhype.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Loads, unloads and lists modules of the running kernel. Loading and unloading need CAP_SYS_MODULE. */
public final class KernelModules {
    private static final int O_NONBLOCK = Fd.O_NONBLOCK;
    private static final int QUOTED_MESSAGES = 5;

    private final Path listing;

    public KernelModules() {
        this(Path.of("/proc/modules"));
    }

    KernelModules(Path listing) {
        this.listing = listing;
    }

    /**
     * Loads a module file with {@code finit_module(2)}.
     *
     * @param parameters {@code name=value} words as modprobe takes them, or ""
     * @throws LinuxException with what the kernel logged meanwhile, when it refuses
     */
    public void load(Path file, String parameters) throws LinuxException {
        try (Fd module = Fd.open(file, Fd.O_RDONLY)) {
            withLog(() -> LibC.finitModule(module.number(), file.toString(), parameters));
        }
    }

    /**
     * Unloads a module with {@code delete_module(2)}, without waiting for its users to go.
     *
     * @throws LinuxException EWOULDBLOCK (which is EAGAIN) while the module has users; the message names those known
     */
    public void unload(String name) throws LinuxException {
        try {
            withLog(() -> LibC.deleteModule(name, O_NONBLOCK));
        } catch (LinuxException e) {
            if (e.errno().equals(Errno.EAGAIN) || e.errno().equals(Errno.EBUSY)) {
                throw e.advise(users(name));
            }
            throw e;
        }
    }

    /** The modules that are loaded now. */
    public List<LoadedModule> loaded() throws IOException {
        return Files.readAllLines(listing).stream().map(KernelModules::parse).toList();
    }

    /** The module of that name, if it is loaded now. */
    public Optional<LoadedModule> find(String name) throws IOException {
        return loaded().stream().filter(module -> module.name().equals(name)).findFirst();
    }

    private String users(String name) {
        try {
            return find(name).map(module -> describe(module)).orElse("It is no longer listed in " + listing + ".");
        } catch (IOException e) {
            return "Its users could not be read from " + listing + ".";
        }
    }

    private static String describe(LoadedModule module) {
        if (!module.usedBy().isEmpty()) {
            return "Unload first what uses it: " + String.join(", ", module.usedBy()) + ".";
        }
        return "It has " + module.references() + " users; end or move away the processes that hold it open.";
    }

    private interface Change {
        void make() throws LinuxException;
    }

    private static void withLog(Change change) throws LinuxException {
        Optional<KernelLog> log = listen();
        try {
            change.make();
        } catch (LinuxException e) {
            List<String> messages = log.map(KernelModules::messages).orElse(List.of());
            if (messages.isEmpty()) {
                throw e;
            }
            int from = Math.max(0, messages.size() - QUOTED_MESSAGES);
            throw e.advise("The kernel logged: " + String.join(" | ", messages.subList(from, messages.size())));
        } finally {
            if (log.isPresent()) {
                log.get().close();
            }
        }
    }

    /** The log only enriches errors: where it can't be read (no /dev/kmsg in a container), modules still load. */
    private static Optional<KernelLog> listen() {
        try {
            return Optional.of(KernelLog.listen());
        } catch (LinuxException e) {
            return Optional.empty();
        }
    }

    private static List<String> messages(KernelLog log) {
        try {
            return log.messages();
        } catch (LinuxException e) {
            return List.of();
        }
    }

    /** Parses {@code name size references users,|- state address}; references is "-" where modules can't be unloaded. */
    static LoadedModule parse(String line) {
        String[] fields = line.split(" ", -1);
        if (fields.length < 5) {
            throw new IllegalArgumentException("not a line of /proc/modules: " + line);
        }
        List<String> usedBy = Arrays.stream(fields[3].split(",", -1))
                .filter(user -> !user.isEmpty() && !user.equals("-") && !user.startsWith("["))
                .toList();
        int references = fields[2].equals("-") ? 0 : Integer.parseInt(fields[2]);
        return new LoadedModule(fields[0], Long.parseLong(fields[1]), references, usedBy, fields[4]);
    }
}
