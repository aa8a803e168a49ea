package io.twinhype.graft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What {@code /proc} tells of a process (proc(5)). Of other users' processes it needs CAP_SYS_PTRACE: an {@link IOException}
 * is an {@link AccessDeniedException} without it, and a {@link NoSuchFileException} if the process is gone.
 */
public final class VmmProcess {
    private static final String LIBRARY = "libtwinhype-graft";
    private static final String DIRECTORY_VARIABLE = "TWINHYPE_GRAFT_DIR=";
    private static final String DEFAULT_DIRECTORY = "/run/twinhype/graft";
    private static final String VM = "anon_inode:kvm-vm";

    private final long pid;
    private final Path directory;

    /** Names a process, without looking at it. */
    public VmmProcess(long pid) {
        this(pid, Path.of("/proc"));
    }

    VmmProcess(long pid, Path proc) {
        this.pid = pid;
        this.directory = proc.resolve(Long.toString(pid));
    }

    /** Returns its process id. */
    public long pid() {
        return pid;
    }

    /** Says whether it exists and is no zombie. */
    public boolean alive() {
        try {
            return status("State").map(state -> !state.startsWith("Z")).orElse(false);
        } catch (IOException gone) {
            return false;
        }
    }

    /** Returns its name, as ps(1) shows it; "" if it is gone. */
    public String command() {
        try {
            return Files.readString(directory.resolve("comm")).strip();
        } catch (IOException gone) {
            return "";
        }
    }

    /** Returns its arguments, the program's first. */
    public List<String> arguments() throws IOException {
        return words(directory.resolve("cmdline"));
    }

    /** Says whether the library was loaded into it. */
    public boolean hasLibrary() throws IOException {
        try (Stream<String> lines = Files.lines(directory.resolve("maps"), StandardCharsets.ISO_8859_1)) {
            return lines.anyMatch(line -> line.contains(LIBRARY));
        } catch (UncheckedIOException gone) {
            throw gone.getCause();
        }
    }

    /** Says whether it has a VM of a KVM open, this machine's or another build's. */
    public boolean hasVm() throws IOException {
        return links().stream().anyMatch(descriptor -> target(descriptor).startsWith(VM));
    }

    /** Returns the numbers of the miscellaneous devices that it has open: those of hypervisors are among them. */
    public Set<DeviceNumber> devices() throws IOException {
        Set<DeviceNumber> numbers = new LinkedHashSet<>();
        for (Path descriptor : links()) {
            try {
                DeviceNumber number = DeviceNumber.of(descriptor);
                if (number.major() == DeviceNumber.MISC) {
                    numbers.add(number);
                }
            } catch (NoSuchFileException closed) {
                // Between the listing and the look: not one of the VM's, which stay.
            }
        }
        return numbers;
    }

    /** Returns the socket of its library, reached through the process's own root, whatever its mount namespace. */
    Path socket() throws IOException {
        String given = words(directory.resolve("environ")).stream()
                .filter(variable -> variable.startsWith(DIRECTORY_VARIABLE))
                .map(variable -> variable.substring(DIRECTORY_VARIABLE.length()))
                .filter(value -> !value.isEmpty())
                .findFirst()
                .orElse(DEFAULT_DIRECTORY);
        Path place = given.startsWith("/")
                ? directory.resolve("root").resolve(given.substring(1))
                : directory.resolve("cwd").resolve(given);
        return place.resolve(ownPid() + ".sock");
    }

    /** Its process id as it sees it itself: the last of the line NSpid. */
    private String ownPid() throws IOException {
        String ids = status("NSpid").orElse(Long.toString(pid));
        return ids.substring(ids.lastIndexOf('\t') + 1);
    }

    private Optional<String> status(String field) throws IOException {
        return Files.readAllLines(directory.resolve("status"), StandardCharsets.ISO_8859_1).stream()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> line.substring(field.length() + 1).strip())
                .findFirst();
    }

    private List<Path> links() throws IOException {
        try (Stream<Path> entries = Files.list(directory.resolve("fd"))) {
            return entries.toList();
        } catch (UncheckedIOException gone) {
            throw gone.getCause();
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException closed) {
            return "";
        }
    }

    /** A file of words that each end with NUL. */
    private static List<String> words(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        return Stream.of(text.split("\0", -1)).filter(word -> !word.isEmpty()).toList();
    }
}
