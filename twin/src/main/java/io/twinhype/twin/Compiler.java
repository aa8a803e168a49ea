package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The compiler that a kernel's modules need: gcc of the same major version that built the kernel, since the headers carry
 * its options and plugins.
 *
 * @param command the program, such as gcc-12
 * @param version what it says of itself
 */
record Compiler(String command, String version) {
    private static final Pattern CONFIG = Pattern.compile("(?m)^CONFIG_GCC_VERSION=(\\d+)\\d{4}$");

    static Compiler of(KernelTree kernel, BuildRoot root) throws IOException, TwinException, InterruptedException {
        Path config = kernel.headers().resolve(".config");
        Matcher match = CONFIG.matcher(Files.readString(config));
        if (!match.find()) {
            throw new BuildException(config + " does not say which gcc built the kernel.");
        }
        String major = match.group(1);
        for (String command : List.of("gcc-" + major, "gcc")) {
            if (root.has(command) && firstLine(root, command, "-dumpversion").equals(major)) {
                return new Compiler(command, firstLine(root, command, "--version"));
            }
        }
        throw new BuildException("Kernel " + kernel.release() + " was built with gcc " + major
                + ", and so must its modules; install the package gcc-" + major + ".");
    }

    private static String firstLine(BuildRoot root, String... command)
            throws IOException, TwinException, InterruptedException {
        return root.tool(List.of(command), Path.of("/"))
                .run()
                .output()
                .lines()
                .findFirst()
                .orElse("");
    }
}
