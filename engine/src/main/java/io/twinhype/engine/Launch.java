package io.twinhype.engine;

import io.twinhype.qemu.QemuCommandLine;
import io.twinhype.qemu.QemuException;
import io.twinhype.qemu.QemuLauncher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** Starts the VMM processes of VMs. */
final class Launch {
    private final HostSettings settings;
    private final QemuLauncher launcher;
    private final AtomicInteger instances = new AtomicInteger();

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
        try {
            return start(definition, hypervisor, memory, commandLine(definition, memory));
        } catch (QemuException.NotStarted failed) {
            discard(memory);
            throw failed;
        }
    }

    /** Starts a process that waits for the VM of another one; shares its memory or has its own. */
    Instance waiting(VmDefinition definition, Hypervisor hypervisor, Optional<Path> shared)
            throws QemuException.NotStarted {
        Optional<Path> memory = shared.isPresent() ? shared : newMemory(definition);
        try {
            return start(
                    definition,
                    hypervisor,
                    memory,
                    commandLine(definition, memory).incoming());
        } catch (QemuException.NotStarted failed) {
            if (shared.isEmpty()) {
                discard(memory);
            }
            throw failed;
        }
    }

    private Instance start(
            VmDefinition definition, Hypervisor hypervisor, Optional<Path> memory, QemuCommandLine commandLine)
            throws QemuException.NotStarted {
        Path directory = vmDirectory(definition).resolve(Integer.toString(instances.incrementAndGet()));
        return new Instance(
                hypervisor,
                directory,
                memory,
                launcher.start(definition.name(), directory, hypervisor.accelerator(), commandLine));
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
            long room = Files.getFileStore(settings.memoryDirectory()).getUsableSpace() >> 20;
            if (room < definition.memoryMebibytes()) {
                throw new IOException("it has room for " + room + " MiB, " + definition.memoryMebibytes()
                        + " MiB are needed; enlarge it or end another VM");
            }
            return Optional.of(
                    Files.createTempFile(settings.memoryDirectory(), "twinhype-" + definition.name() + "-", ".ram"));
        } catch (IOException unusable) {
            throw new QemuException.NotStarted(
                    "cannot keep the memory of " + definition.name() + " in " + settings.memoryDirectory() + ": "
                            + unusable.getMessage(),
                    unusable);
        }
    }

    /** Removes the RAM of a process that has ended, unless its successor keeps it. */
    static void discardMemory(Instance ended, Optional<Instance> successor) {
        if (successor.isEmpty() || !successor.get().memory().equals(ended.memory())) {
            discard(ended.memory());
        }
    }

    private static void discard(Optional<Path> memory) {
        if (memory.isPresent()) {
            try {
                Files.deleteIfExists(memory.get());
            } catch (IOException left) {
                // A file in a tmpfs remains; it is named after the VM, and nothing depends on it.
                memory.get().toFile().deleteOnExit();
            }
        }
    }
}
