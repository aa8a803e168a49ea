package io.twinhype.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A QEMU program and what it can do, found out from its own help. */
public final class QemuBinary {
    /** The program's name in Debian's package qemu-system-x86. */
    public static final String NAME = "qemu-system-x86_64";

    private final Path path;
    private @Nullable Boolean deviceOption;

    /** Names a program without running it. */
    public QemuBinary(Path path) {
        this.path = path;
    }

    /** Finds QEMU on the PATH. */
    public static QemuBinary find() throws QemuException.NotStarted {
        String searched = Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin");
        return Stream.of(searched.split(":", -1))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, NAME))
                .filter(Files::isExecutable)
                .findFirst()
                .map(QemuBinary::new)
                .orElseThrow(() -> new QemuException.NotStarted(
                        NAME + " is not on the PATH: install the Debian package qemu-system-x86"));
    }

    /** Returns where the program is. */
    public Path path() {
        return path;
    }

    /** Says whether it knows {@code -accel kvm,device=PATH}, which came with QEMU 9.0. */
    public synchronized boolean hasDeviceOption() throws QemuException.NotStarted {
        if (deviceOption == null) {
            deviceOption = help().contains("device=path");
        }
        return deviceOption;
    }

    private String help() throws QemuException.NotStarted {
        try {
            Process process = new ProcessBuilder(path.toString(), "-help")
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .start();
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException unusable) {
            throw new QemuException.NotStarted(
                    "cannot run " + path + ": " + unusable.getMessage()
                            + "; install the Debian package qemu-system-x86",
                    unusable);
        }
    }

    /**
     * Returns the command that runs this QEMU with the given accelerator. An older QEMU always opens /dev/kvm: it then
     * gets a mount namespace of its own, in which the other device is there. Every step replaces the one before (exec),
     * so the process that was started is QEMU itself.
     */
    List<String> command(Accelerator accelerator) throws QemuException.NotStarted {
        return switch (accelerator) {
            case Accelerator.Tcg() -> List.of(path.toString());
            case Accelerator.Kvm(Path device)
            when device.equals(Accelerator.Kvm.DEFAULT_DEVICE) || hasDeviceOption() -> List.of(path.toString());
            case Accelerator.Kvm(Path device) ->
                List.of(
                        "unshare",
                        "--mount",
                        "--propagation",
                        "private",
                        "--",
                        "sh",
                        "-c",
                        "mount --bind \"$0\" /dev/kvm && exec \"$@\"",
                        device.toString(),
                        path.toString());
        };
    }

    /** Says whether the device must be named on QEMU's command line. */
    boolean namesDevice(Accelerator accelerator) throws QemuException.NotStarted {
        return accelerator instanceof Accelerator.Kvm(Path device)
                && !device.equals(Accelerator.Kvm.DEFAULT_DEVICE)
                && hasDeviceOption();
    }
}
