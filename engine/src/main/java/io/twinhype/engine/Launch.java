package io.twinhype.engine;

import io.twinhype.graft.GraftLibrary;
import io.twinhype.qemu.QemuCommandLine;
import io.twinhype.qemu.QemuException;
import io.twinhype.qemu.QemuLauncher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Starts the VMM processes of VMs and ends them. */
final class Launch implements AutoCloseable {
    private static final Duration PATIENCE_WITH_QUIT = Duration.ofSeconds(10);

    private final HostSettings settings;
    private final QemuLauncher launcher;
    private final AtomicInteger count = new AtomicInteger();
    private final Set<Instance> instances = ConcurrentHashMap.newKeySet();

    Launch(HostSettings settings, QemuLauncher launcher) {
        this.settings = settings;
        this.launcher = launcher;
    }

    Duration timeout() {
        return settings.timeout();
    }

    /** Starts a VM that boots. */
    Instance fresh(VmDefinition definition, Hypervisor hypervisor) throws QemuException.NotStarted {
        Optional<Path> memory = newMemory(definition);
        return start(definition, hypervisor, memory, commandLine(definition, memory));
    }

    /** Starts a process that waits for the VM of another one; shares its memory or has its own. */
    Instance waiting(VmDefinition definition, Hypervisor hypervisor, Optional<Path> shared)
            throws QemuException.NotStarted {
        Optional<Path> memory = shared.isPresent() ? shared : newMemory(definition);
        return start(
                definition, hypervisor, memory, commandLine(definition, memory).incoming());
    }

    private Instance start(
            VmDefinition definition, Hypervisor hypervisor, Optional<Path> memory, QemuCommandLine commandLine)
            throws QemuException.NotStarted {
        Path directory = vmDirectory(definition).resolve(Integer.toString(count.incrementAndGet()));
        try {
            Map<String, String> environment = environment(hypervisor, directory);
            var instance = new Instance(
                    hypervisor,
                    directory,
                    memory,
                    launcher.start(definition.name(), directory, hypervisor.accelerator(), commandLine, environment));
            instances.add(instance);
            return instance;
        } catch (QemuException.NotStarted failed) {
            discardUnused(memory);
            throw failed;
        }
    }

    /** With the library wherever there is a KVM under the VM, since it has to be there from the start. */
    private Map<String, String> environment(Hypervisor hypervisor, Path directory) throws QemuException.NotStarted {
        if (settings.graftLibrary().isEmpty() || hypervisor.emulates()) {
            return Map.of();
        }
        Path library = settings.graftLibrary().get();
        if (!Files.isReadable(library)) {
            // The loader would only say so and go on, and nobody would know until the first graft.
            throw new QemuException.NotStarted("the graft library " + library + " can't be read: build it again");
        }
        return GraftLibrary.environment(library, directory);
    }

    /** Notes that a process has another hypervisor under it now; returns what it is from here on. */
    Instance grafted(Instance instance, Hypervisor onto) {
        var now = new Instance(onto, instance.directory(), instance.memory(), instance.process());
        instances.add(now);
        instances.remove(instance);
        return now;
    }

    /** Asks a process to end, sees to it that it does, and removes its RAM unless another process has the same. */
    void end(Instance instance) {
        try {
            instance.process().monitor().quit();
            instance.process().awaitExit(PATIENCE_WITH_QUIT);
        } catch (QemuException deaf) {
            // It is killed instead: nothing of a VM is in this process any more, or its owner wants it gone.
        }
        kill(instance);
    }

    /** Kills a process and removes its RAM unless another process has the same; says whether it is known to be dead. */
    boolean kill(Instance instance) {
        boolean dead = instance.process().kill();
        if (dead) {
            instance.process().close();
            instances.remove(instance);
            discardUnused(instance.memory());
        }
        return dead;
    }

    /** Kills all processes that are left. */
    @Override
    public void close() {
        instances.forEach(this::kill);
    }

    private QemuCommandLine commandLine(VmDefinition definition, Optional<Path> memory) {
        var line = new QemuCommandLine(definition.name())
                .machine(definition.machineType(), definition.cpuModel(), definition.vcpus())
                .kernel(definition.kernel(), definition.initramfs(), definition.kernelArguments())
                .console(consoleLog(definition));
        memory.ifPresentOrElse(
                file -> line.sharedMemory(definition.memoryMebibytes(), file),
                () -> line.privateMemory(definition.memoryMebibytes()));
        definition.disks().forEach(line::disk);
        definition.ports().forEach(port -> line.port(port.name(), port.socket()));
        if (definition.endOnReboot()) {
            line.endOnReboot();
        }
        return line;
    }

    Path consoleLog(VmDefinition definition) {
        return vmDirectory(definition).resolve("console.log");
    }

    private Path vmDirectory(VmDefinition definition) {
        return settings.runtimeDirectory().resolve(definition.name());
    }

    private Optional<Path> newMemory(VmDefinition definition) throws QemuException.NotStarted {
        try {
            Files.createDirectories(vmDirectory(definition));
            if (!definition.sharedMemory()) {
                return Optional.empty();
            }
            // By statvfs(3): Files.getFileStore would want an entry in the mount table, which a chroot need not have.
            long room = settings.memoryDirectory().toFile().getUsableSpace() >> 20;
            if (room < definition.memoryMebibytes()) {
                throw new IOException("it has room for " + room + " MiB, " + definition.memoryMebibytes()
                        + " MiB are needed; enlarge it or end another VM");
            }
            return Optional.of(MemoryFiles.create(settings, definition.name(), definition.memoryMebibytes()));
        } catch (IOException unusable) {
            throw new QemuException.NotStarted(
                    "cannot keep the memory of " + definition.name() + " in " + settings.memoryDirectory() + ": "
                            + unusable.getMessage(),
                    unusable);
        }
    }

    private void discardUnused(Optional<Path> memory) {
        if (memory.isEmpty()
                || instances.stream().anyMatch(instance -> instance.memory().equals(memory))) {
            return;
        }
        try {
            Files.deleteIfExists(memory.get());
        } catch (IOException left) {
            // Only its name remains in the way, and that is unique; the next host to open sweeps it.
            memory.get().toFile().deleteOnExit();
        }
    }
}
