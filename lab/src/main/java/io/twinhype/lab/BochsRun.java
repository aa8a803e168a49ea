package io.twinhype.lab;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One life of a lab's machine under Bochs, from its start to its end, as its serial ports tell it. */
final class BochsRun {
    /** From the boot loader's start to the kernel's first words it takes 15 s; a boot that is silent for this long is stuck. */
    private static final Duration SILENCE_LIMIT = Duration.ofMinutes(4);

    /** For the power to go off after the command's end, and for a panicking kernel to say all it has to say. */
    private static final Duration END_LIMIT = Duration.ofSeconds(30);

    private static final Duration PANIC_LIMIT = Duration.ofSeconds(5);
    private static final long POLL_MILLIS = 200;

    private static final String MARK = "twinhype-lab: ";

    /** What the kernel says before it, it says of Bochs, whatever is tried in the lab. */
    private static final String FIRST_PROGRAM = MARK + "first program runs";

    private final Path directory;
    private final Path consoleLog;
    private final Duration timeout;
    private final LabOutput output;
    private final SerialFile stdout;
    private final SerialFile stderr;

    private Optional<Duration> bootTime = Optional.empty();
    private Optional<Duration> totalTime = Optional.empty();
    private Optional<String> panic = Optional.empty();
    private Optional<LabException> failure = Optional.empty();
    private Optional<String> refused = Optional.empty();
    private int exitStatus = -1;

    /** Follows the machine that is started in a directory. */
    BochsRun(Path directory, Path consoleLog, Duration timeout, LabOutput output) {
        this.directory = directory;
        this.consoleLog = consoleLog;
        this.timeout = timeout;
        this.output = output;
        this.stdout = new SerialFile(directory.resolve(BochsMachine.STDOUT), output.stdout());
        this.stderr = new SerialFile(directory.resolve(BochsMachine.STDERR), output.stderr());
    }

    LabResult await(List<String> command) throws LabException, InterruptedException {
        long start = System.nanoTime();
        CompletableFuture<Integer> ended = new CompletableFuture<>();
        try (OutputStream log = Files.newOutputStream(consoleLog);
                Emulator bochs = Emulator.start("Bochs", command, directory, ended::complete);
                BochsScreen screen = new BochsScreen()) {
            SerialFile console = new SerialFile(directory.resolve(BochsMachine.CONSOLE), log);
            follow(console, bochs, screen, start, ended);
        } catch (IOException e) {
            throw new LabException.OutputLost(
                    "The lab's console log " + consoleLog + " cannot be written (" + e.getMessage()
                            + "). Is the disk full?",
                    e);
        }
        return result();
    }

    /** Returns when the machine's end is known, in whichever way. */
    private void follow(
            SerialFile console, Emulator bochs, BochsScreen screen, long start, CompletableFuture<Integer> ended)
            throws LabException, InterruptedException {
        long heard = System.nanoTime();
        long endBy = Long.MAX_VALUE;
        Pulse pulse = new Pulse(heard);
        while (true) {
            boolean gone = waitFor(ended);
            screen.read(bochs);
            long before = console.position();
            for (String line : console.read()) {
                hear(line, Duration.ofNanos(System.nanoTime() - start));
            }
            stdout.read();
            stderr.read();
            long now = System.nanoTime();
            if (console.position() > before) {
                heard = now;
            }
            if (endBy == Long.MAX_VALUE && (totalTime.isPresent() || failure.isPresent() || refused.isPresent())) {
                endBy = now + END_LIMIT.toNanos();
            } else if (endBy == Long.MAX_VALUE && panic.isPresent()) {
                endBy = now + PANIC_LIMIT.toNanos();
            }
            if (gone || now > endBy) {
                check(bochs, ended.getNow(-1));
                return;
            }
            if (now - start > timeout.toNanos()) {
                throw new LabException.TimedOut(
                        timeout,
                        bootTime.isEmpty() ? "it was booting" : "the command was running",
                        complaints(),
                        consoleLog);
            }
            if (pulse.gone(bochs.pid(), now)) {
                throw new LabException.MachineLost(
                        "Bochs stands still: it has used no processor time for minutes, and was ended; it said: "
                                + lastWords(bochs) + ".",
                        complaints(),
                        consoleLog);
            }
            if (bootTime.isEmpty() && now - heard > SILENCE_LIMIT.toNanos()) {
                throw new LabException.NotBooted(
                        "The lab under Bochs said nothing for " + SILENCE_LIMIT.toSeconds()
                                + " s while it was booting, and was ended.",
                        consoleLog,
                        true);
            }
        }
    }

    private static boolean waitFor(CompletableFuture<Integer> ended) throws InterruptedException {
        try {
            ended.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private void hear(String line, Duration time) {
        if (panic.isEmpty() && line.contains("Kernel panic")) {
            panic = Optional.of(line);
        }
        int mark = line.indexOf(MARK);
        if (mark < 0) {
            return;
        }
        String[] words = line.substring(mark + MARK.length()).strip().split(" ", 2);
        String rest = words.length > 1 ? words[1] : "";
        switch (words[0]) {
            case "running" -> {
                bootTime = Optional.of(time);
                output.booted().accept(time);
            }
            case "exited" -> {
                exitStatus = Integer.parseInt(rest);
                totalTime = Optional.of(time);
            }
            case "failed:" -> failure = Optional.of(notSetUp(rest));
            case "refused" -> refused = Optional.of(rest);
            default -> {
                // Something for the reader of the console alone.
            }
        }
    }

    private LabException notSetUp(String reason) {
        return new LabException.NotBooted("The lab could not be set up: " + reason + ".", consoleLog);
    }

    /** Throws what went wrong, if the machine has not run the command to its end. */
    private void check(Emulator bochs, int status) throws LabException {
        if (failure.isPresent()) {
            throw failure.get();
        }
        if (refused.isPresent()) {
            String[] words = refused.get().split(" ", 2);
            throw new LabException.ModuleRefused(
                    words[0],
                    words.length > 1 ? words[1].strip() : "insmod gave no reason",
                    linesAbout(words[0]),
                    consoleLog);
        }
        if (totalTime.isPresent()) {
            return;
        }
        if (panic.isPresent()) {
            throw new LabException.MachineLost(
                    "The lab's kernel panicked: " + panic.get() + ".", complaints(), consoleLog);
        }
        throw new LabException.MachineLost(
                "Bochs ended with status " + status + " "
                        + (bootTime.isPresent() ? "while the command was running" : "before the command could start")
                        + "; it said: " + lastWords(bochs) + ".",
                complaints(),
                consoleLog);
    }

    private LabResult result() {
        Duration boot = bootTime.orElse(Duration.ZERO);
        return new LabResult(
                exitStatus,
                complaints(),
                consoleLog,
                boot,
                totalTime.orElse(boot).minus(boot));
    }

    private List<String> complaints() {
        List<String> lines = KernelComplaints.lines(consoleLog);
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).contains(FIRST_PROGRAM)) {
                return KernelComplaints.in(lines.subList(i, lines.size()));
            }
        }
        return KernelComplaints.in(lines);
    }

    /** The kernel's lines from the attempt to load a module on, without our own. */
    private List<String> linesAbout(String module) {
        List<String> lines = KernelComplaints.lines(consoleLog);
        for (int i = lines.size() - 1; i >= 0; i--) {
            if (lines.get(i).contains(MARK + "loading ") && lines.get(i).endsWith("-" + module)) {
                return lines.subList(i + 1, lines.size()).stream()
                        .takeWhile(line -> !line.contains(MARK))
                        .limit(20)
                        .toList();
            }
        }
        return List.of();
    }

    /** Bochs' last panic, or the end of what it said before it had a log. */
    private String lastWords(Emulator bochs) {
        List<String> panics = KernelComplaints.lines(directory.resolve(BochsMachine.LOG)).stream()
                .filter(line -> line.contains(">>PANIC<<"))
                .toList();
        if (!panics.isEmpty()) {
            return panics.getLast();
        }
        // Before it has a log it writes to its screen, between what moves the cursor.
        String screen = bochs.lastWords()
                .replaceAll("\\x1b\\[[0-9;?]*[a-zA-Z]|[^\\x20-\\x7e]", " ")
                .strip();
        return screen.isEmpty() ? "nothing" : screen.substring(Math.max(0, screen.length() - 300));
    }
}
