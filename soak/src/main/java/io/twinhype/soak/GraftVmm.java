package io.twinhype.soak;

import io.twinhype.qemu.QemuException;
import io.twinhype.qemu.QmpSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A QEMU with the library in it, and what /proc tells of it (proc(5)). */
final class GraftVmm implements AutoCloseable {
    /** A coroutine's (COROUTINE_STACK_SIZE of QEMU) and a thread's (ulimit -s). */
    private static final Set<Long> STACKS_KIB = Set.of(1024L, 8192L);

    private static final long GUARD_KIB = 4;

    static final JsonMapper JSON = JsonMapper.builder().build();

    private static final Duration START = Duration.ofMinutes(2);
    private static final Duration ANSWER = Duration.ofMinutes(2);

    private final Process process;
    private final Path errors;
    private final QmpSession monitor;
    private final long pid;

    private GraftVmm(Process process, long pid, Path errors, QmpSession monitor) {
        this.process = process;
        this.pid = pid;
        this.errors = errors;
        this.monitor = monitor;
    }

    /**
     * What a process holds on to.
     *
     * @param descriptors that are open
     * @param mappings lines of /proc/PID/maps, without stacks and their guards
     * @param dataKib of private writable memory, VmData, without stacks: QEMU's pools of threads and of coroutines keep those of
     *     the busiest moment so far, 128 MiB of coroutines' were seen
     * @param residentKib of it and of all else but the guest's memory: Rss by the name of the mapping, or its size
     */
    record Holdings(int descriptors, int mappings, long dataKib, Map<String, Long> residentKib) {
        long resident() {
            return residentKib.values().stream().mapToLong(Long::longValue).sum();
        }

        /** What has grown most since, in words. */
        String grown(Holdings later) {
            return later.residentKib().entrySet().stream()
                    .map(each ->
                            Map.entry(each.getKey(), each.getValue() - residentKib.getOrDefault(each.getKey(), 0L)))
                    .filter(each -> each.getValue() > 0)
                    .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                    .limit(3)
                    .map(each -> each.getKey() + " by " + each.getValue() + " KiB")
                    .collect(Collectors.joining(", "));
        }
    }

    /** Starts it and waits until its monitor answers, which is after it has made its VM. */
    static GraftVmm start(String name, List<String> command, Path directory)
            throws IOException, SoakException, InterruptedException {
        Path errors = directory.resolve("stderr.log");
        Process process = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(errors.toFile())
                .start();
        Path socket = directory.resolve("qmp");
        long deadline = System.nanoTime() + START.toNanos();
        while (process.isAlive() && System.nanoTime() < deadline) {
            try {
                QmpSession monitor = QmpSession.open(name, socket, ANSWER);
                return new GraftVmm(process, process.pid(), errors, monitor);
            } catch (IOException | QemuException.OutcomeUnknown notYet) {
                Thread.sleep(100);
            }
        }
        process.destroyForcibly().waitFor();
        throw new SoakException("QEMU of " + name + " did not start: " + said(errors));
    }

    long pid() {
        return pid;
    }

    QmpSession monitor() {
        return monitor;
    }

    JsonNode tell(String command) throws QemuException.Rejected, QemuException.OutcomeUnknown {
        return monitor.execute(command);
    }

    /** Tells it a command with arguments as JSON. */
    JsonNode tell(String command, String arguments) throws QemuException.Rejected, QemuException.OutcomeUnknown {
        return monitor.execute(command, (ObjectNode) JSON.readTree(arguments));
    }

    boolean alive() {
        return process.isAlive();
    }

    boolean awaitEnd(Duration patience) throws InterruptedException {
        return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** How it ended, in words. */
    String end() {
        return (process.isAlive() ? "it still runs" : "it ended with status " + process.exitValue()) + said();
    }

    /** What it said on its standard error, with a space in front; empty if nothing. */
    String said() {
        String words = said(errors);
        return words.isEmpty() ? "" : " (" + words + ")";
    }

    private static String said(Path errors) {
        try {
            List<String> lines = Files.readAllLines(errors, StandardCharsets.ISO_8859_1).stream()
                    .filter(line -> !line.isBlank())
                    .toList();
            return String.join(" | ", lines.subList(Math.max(0, lines.size() - 4), lines.size()));
        } catch (IOException unreadable) {
            return "";
        }
    }

    /**
     * Says whether files of statistics (KVM_GET_STATS_FD) are open. Before 8.1, QEMU opens them only while it is asked for
     * statistics: then there are none that a graft has to carry.
     */
    boolean keepsStatistics() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            for (Path each : descriptors.toList()) {
                // One may be closed while we look.
                if (Files.isSymbolicLink(each)
                        && Files.readSymbolicLink(each).toString().contains("-stats")) {
                    return true;
                }
            }
        }
        return false;
    }

    /** @param guestKib how large the guest's memory is, which it touches as it likes */
    Holdings holdings(long guestKib) throws IOException {
        Path proc = Path.of("/proc", Long.toString(pid));
        try (Stream<Path> descriptors = Files.list(proc.resolve("fd"))) {
            List<String> status = Files.readAllLines(proc.resolve("status"), StandardCharsets.ISO_8859_1);
            int mappings = 0;
            long stacks = 0;
            Map<String, Long> resident = new TreeMap<>();
            String name = "";
            String permissions = "";
            long size = 0;
            for (String line : Files.readAllLines(proc.resolve("smaps"), StandardCharsets.ISO_8859_1)) {
                // ADDRESSES PERMISSIONS OFFSET DEVICE INODE NAME, then a line for each of its figures.
                String[] words = line.split(" +", 6);
                if (words.length > 4 && words[1].length() == 4) {
                    name = words.length > 5 ? words[5] : "";
                    permissions = words[1];
                } else if (line.startsWith("Size:")) {
                    size = kib(List.of(line), "Size:");
                    boolean stack = name.isEmpty() && permissions.equals("rw-p") && STACKS_KIB.contains(size);
                    boolean guard = name.isEmpty() && permissions.equals("---p") && size == GUARD_KIB;
                    stacks += stack ? size : 0;
                    mappings += stack || guard ? 0 : 1;
                } else if (line.startsWith("Rss:") && size < guestKib) {
                    resident.merge(
                            name.isEmpty() ? size + " KiB without a name" : name,
                            kib(List.of(line), "Rss:"),
                            Long::sum);
                }
            }
            return new Holdings((int) descriptors.count(), mappings, kib(status, "VmData:") - stacks, resident);
        } catch (UncheckedIOException gone) {
            throw gone.getCause();
        }
    }

    private static long kib(List<String> status, String field) {
        return status.stream()
                .filter(line -> line.startsWith(field))
                .map(line -> line.substring(field.length()).replace("kB", "").strip())
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(0);
    }

    /** Ends it, whatever it does. */
    @Override
    public void close() {
        monitor.close();
        process.destroyForcibly();
        boolean interrupted = false;
        while (process.isAlive()) {
            try {
                process.waitFor();
            } catch (InterruptedException now) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
