package io.twinhype.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Starts QEMU processes.
 *
 * @param binary the QEMU to run
 * @param endWithParent whether they die with this JVM (setpriv(1) from util-linux: PR_SET_PDEATHSIG), so that a test or
 *     demo leaves nothing behind, whichever way it ends
 * @param timeout how long a start or a command may take
 */
public record QemuLauncher(QemuBinary binary, boolean endWithParent, Duration timeout) {
    /** Generous, for a QEMU inside an emulated machine with one CPU. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);

    private static final int LONGEST_SOCKET_PATH = 107;

    /** Starts a VM's QEMU with this process's environment; see {@link #start(String, Path, Accelerator, QemuCommandLine, Map)}. */
    public QemuProcess start(String vm, Path directory, Accelerator accelerator, QemuCommandLine commandLine)
            throws QemuException.NotStarted {
        return start(vm, directory, accelerator, commandLine, Map.of());
    }

    /**
     * Starts a VM's QEMU and waits until its monitor answers.
     *
     * @param vm what the VM is called in messages
     * @param directory where its sockets and its error output go; made if need be
     * @param environment variables that it gets besides this process's
     * @throws QemuException.NotStarted if it ended or did not answer in time; then it has been killed
     */
    public QemuProcess start(
            String vm,
            Path directory,
            Accelerator accelerator,
            QemuCommandLine commandLine,
            Map<String, String> environment)
            throws QemuException.NotStarted {
        Path socket = directory.resolve(QemuProcess.SOCKET);
        Path spareSocket = directory.resolve(QemuProcess.SPARE_SOCKET);
        checkLength(vm, spareSocket);
        commandLine
                .accelerator(accelerator, binary.namesDevice(accelerator))
                .monitor(socket)
                .monitor(spareSocket);
        var command = new ArrayList<String>();
        // A session of its own: Ctrl-C is for the one who manages the VMs, not for the VMs.
        command.addAll(List.of("setsid", "--"));
        if (endWithParent) {
            command.addAll(List.of("setpriv", "--pdeathsig", "KILL", "--"));
        }
        if (!environment.isEmpty()) {
            command.add("env");
            environment.forEach((name, value) -> command.add(name + "=" + value));
        }
        command.addAll(binary.command(accelerator));
        command.addAll(commandLine.arguments());
        try {
            Files.createDirectories(directory);
            Files.deleteIfExists(socket);
            Files.deleteIfExists(spareSocket);
        } catch (IOException unusable) {
            throw new QemuException.NotStarted(
                    "cannot use " + directory + " to run QEMU of " + vm + ": " + unusable.getMessage(), unusable);
        }
        return QemuProcess.start(vm, directory, command, timeout);
    }

    private static void checkLength(String vm, Path socket) throws QemuException.NotStarted {
        int length = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > LONGEST_SOCKET_PATH) {
            throw new QemuException.NotStarted("cannot run QEMU of " + vm + " in " + socket.getParent()
                    + ": a UNIX socket's path may have " + LONGEST_SOCKET_PATH + " bytes (unix(7)), " + socket
                    + " has " + length + "; choose a shorter runtime directory");
        }
    }
}
