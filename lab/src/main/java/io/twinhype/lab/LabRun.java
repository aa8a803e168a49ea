package io.twinhype.lab;

import io.twinhype.kmod.KernelModuleException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** One life of a lab's machine, from QEMU's start to its end, as its messages tell it. */
final class LabRun {
    /** A boot takes 3 to 8 s, on a busy machine up to 20; a lab that is silent for this long will not come. */
    private static final Duration BOOT_LIMIT = Duration.ofSeconds(60);

    /** Counting instructions slows the machine down: seen up to 45 s on a busy one. */
    private static final Duration COUNTED_BOOT_LIMIT = Duration.ofMinutes(3);

    /** For output and results to be handed over after the command's end, and for the power to go off. */
    private static final Duration END_LIMIT = Duration.ofSeconds(20);

    /** As if the command had been interrupted by SIGINT. */
    private static final int GIVEN_UP = 130;

    /** What supervise.sh has the kernel log when the command has ended. */
    private static final String END_OF_LOG = "twinhype-lab: the command ended";

    private final LabSpec spec;
    private final LabTools tools;
    private final LabScript script;
    private final Path directory;
    private final List<Port> ports;
    private final Path consoleLog;

    LabRun(LabSpec spec, LabTools tools, LabScript script, Path consoleLog, Path directory, List<Port> ports) {
        this.spec = spec;
        this.tools = tools;
        this.script = script;
        this.directory = directory;
        this.ports = ports;
        this.consoleLog = consoleLog;
    }

    LabResult await(
            BlockingQueue<LabMessage> messages, CompletableFuture<?> said, Duration timeout, Consumer<Duration> booted)
            throws LabException, InterruptedException {
        Path initramfs = directory.resolve("initramfs");
        Initramfs content = Initramfs.of(spec.kernel(), tools.busybox(), spec.modules(), script);
        try {
            content.writeTo(initramfs);
        } catch (KernelModuleException e) {
            throw new LabException.Unprepared(e.getMessage(), e);
        } catch (IOException e) {
            throw new LabException.Unprepared(
                    "The lab's first file system " + initramfs + " cannot be written: " + e.getMessage()
                            + ". Free some space or set TMPDIR.",
                    e);
        }
        Machine machine = new Machine(
                spec,
                KernelImage.bootable(spec.kernel(), tools.cache()),
                initramfs,
                script.out(),
                consoleLog,
                ports,
                script.terminal().isPresent());
        long start = System.nanoTime();
        IntConsumer ended = status -> {
            // What the lab said last may still be on its way through the socket.
            ports.forEach(Port::close);
            said.join();
            messages.add(new LabMessage.MachineEnded(status));
        };
        try (Emulator emulator = Emulator.start(tools, machine.arguments(), directory, ended)) {
            return follow(messages, emulator, start, timeout, booted);
        }
    }

    private LabResult follow(
            BlockingQueue<LabMessage> messages,
            Emulator emulator,
            long start,
            Duration timeout,
            Consumer<Duration> booted)
            throws LabException, InterruptedException {
        long limit = start + timeout.toNanos();
        Duration bootTimeLimit =
                switch (spec.clock()) {
                    case REAL_TIME -> BOOT_LIMIT;
                    case INSTRUCTIONS -> COUNTED_BOOT_LIMIT;
                };
        long bootLimit = Math.min(limit, start + bootTimeLimit.toNanos());
        Optional<Duration> bootTime = Optional.empty();
        Optional<Duration> totalTime = Optional.empty();
        int exitStatus = -1;
        boolean drained = false;
        while (true) {
            long until = totalTime
                    .map(total -> start + total.plus(END_LIMIT).toNanos())
                    .orElse(bootTime.isEmpty() ? bootLimit : limit);
            LabMessage message = messages.poll(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (message == null) {
                if (drained) {
                    return complete(exitStatus, bootTime, totalTime);
                }
                if (totalTime.isPresent()) {
                    throw new LabException.MachineLost(
                            "The command ended with status " + exitStatus + ", but the lab did not hand over all of its"
                                    + " output and results within " + END_LIMIT.toSeconds() + " s and was ended.",
                            complaints(),
                            consoleLog);
                }
                if (bootTime.isEmpty() && bootLimit < limit) {
                    throw new LabException.NotBooted(
                            "The lab did not come up within " + bootTimeLimit.toSeconds() + " s and was ended.",
                            consoleLog,
                            true);
                }
                throw new LabException.TimedOut(
                        timeout,
                        bootTime.isEmpty() ? "it was booting" : "the command was running",
                        complaints(),
                        consoleLog);
            }
            switch (message) {
                case LabMessage.Running running -> {
                    Duration took = since(start);
                    bootTime = Optional.of(took);
                    booted.accept(took);
                }
                case LabMessage.Exited exited -> {
                    exitStatus = exited.status();
                    totalTime = Optional.of(since(start));
                }
                case LabMessage.Drained handedOver -> drained = true;
                case LabMessage.GivenUp givenUp -> {
                    return result(GIVEN_UP, bootTime, Optional.of(since(start)));
                }
                case LabMessage.Refused refused ->
                    throw new LabException.ModuleRefused(
                            refused.module(), refused.reason(), linesAbout(refused.module()), consoleLog);
                case LabMessage.Failed failed ->
                    throw new LabException.NotBooted(
                            "The lab could not be set up: " + failed.reason() + ".", consoleLog);
                case LabMessage.MachineEnded ended -> {
                    if (drained) {
                        return complete(exitStatus, bootTime, totalTime);
                    }
                    throw lost(ended, emulator, bootTime.isPresent());
                }
                case LabMessage.OutputFailed failed -> throw outputLost(failed);
                case LabMessage.Unknown unknown -> {}
            }
        }
    }

    static LabException outputLost(LabMessage.OutputFailed failed) {
        return new LabException.OutputLost(
                "The command's output could not be passed on (" + failed.cause().getMessage() + "); the lab was ended.",
                failed.cause());
    }

    /** A result of which everything is known: a log that a full disk has cut off would hide what the kernel complained of. */
    private LabResult complete(int exitStatus, Optional<Duration> bootTime, Optional<Duration> totalTime)
            throws LabException.OutputLost {
        if (KernelComplaints.lines(consoleLog).stream().noneMatch(line -> line.contains(END_OF_LOG))) {
            throw new LabException.OutputLost("The command ended with status " + exitStatus
                    + ", but the lab's console log " + consoleLog
                    + " is incomplete, so nobody knows what its kernel complained of. Is the disk full?");
        }
        return result(exitStatus, bootTime, totalTime);
    }

    private LabResult result(int exitStatus, Optional<Duration> bootTime, Optional<Duration> totalTime) {
        Duration boot = bootTime.orElse(Duration.ZERO);
        return new LabResult(
                exitStatus,
                complaints(),
                consoleLog,
                boot,
                totalTime.orElse(boot).minus(boot));
    }

    private List<String> complaints() {
        return KernelComplaints.in(KernelComplaints.lines(consoleLog));
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private LabException lost(LabMessage.MachineEnded ended, Emulator emulator, boolean booted) {
        List<String> lines = KernelComplaints.lines(consoleLog);
        List<String> complaints = KernelComplaints.in(lines);
        Optional<String> panic =
                lines.stream().filter(line -> line.contains("Kernel panic")).findFirst();
        if (panic.isPresent()) {
            return new LabException.MachineLost(
                    "The lab's kernel panicked: " + panic.get() + ".", complaints, consoleLog);
        }
        Optional<String> failure = lines.stream()
                .filter(line -> line.contains("twinhype-lab: failed: "))
                .findFirst();
        if (failure.isPresent()) {
            return new LabException.NotBooted(
                    "The lab could not be set up: " + failure.get().replaceFirst(".*twinhype-lab: failed: ", "") + ".",
                    consoleLog);
        }
        String words = emulator.lastWords();
        String said = words.isEmpty() ? "it said nothing" : "it said: " + words;
        String when = booted ? "while the command was running" : "before the command could start";
        return new LabException.MachineLost(
                "The lab's QEMU ended with status " + ended.status() + " " + when + "; " + said + ".",
                complaints,
                consoleLog);
    }

    /** The kernel's lines from the attempt to load a module on. */
    private List<String> linesAbout(String module) {
        List<String> lines = KernelComplaints.lines(consoleLog);
        for (int i = lines.size() - 1; i >= 0; i--) {
            if (lines.get(i).contains("twinhype-lab: loading ") && lines.get(i).endsWith("-" + module)) {
                return List.copyOf(lines.subList(i + 1, Math.min(lines.size(), i + 21)));
            }
        }
        return List.of();
    }
}
