package io.twinhype.install;

import java.nio.file.Path;
import java.util.List;

/**
 * How a kernel's installation is to call TwinHype.
 *
 * @param launcher the {@code twinhype} command
 * @param javaHome the JDK it runs on; "" to leave that to the launcher
 * @param cacheHome what XDG_CACHE_HOME is to be
 * @param arguments of {@code hypervisor install}, beside the kernel's release
 * @param needsHeaders whether hypervisors are built from the host's own headers, which come in a package of their own
 */
public record HookSettings(
        Path launcher, String javaHome, Path cacheHome, List<String> arguments, boolean needsHeaders) {
    public HookSettings {
        arguments = List.copyOf(arguments);
    }
}
