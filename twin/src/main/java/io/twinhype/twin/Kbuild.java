package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Runs the kernel's build system on a directory of module source (Documentation/kbuild/modules.rst). */
final class Kbuild {
    private static final Pattern FAILURE =
            Pattern.compile(".*(: (fatal )?error:|\\bERROR: |undefined reference|Error \\d+$|No rule to make).*");
    private static final int QUOTED_LINES = 4;

    private final KernelTree kernel;
    private final Compiler compiler;
    private final BuildRoot root;

    Kbuild(KernelTree kernel, Compiler compiler, BuildRoot root) {
        this.kernel = kernel;
        this.compiler = compiler;
        this.root = root;
    }

    /**
     * Builds the modules of a directory.
     *
     * @param variables for make, beside those every build has
     * @param log gets all output
     */
    void build(Path directory, List<String> variables, Path log)
            throws IOException, TwinException, InterruptedException {
        for (Path path : List.of(directory, kernel.headers())) {
            // The kernel's Makefile refuses white space and colons, and make expands the others.
            if (!path.toString().matches("[\\w./+,@~-]+")) {
                throw new BuildException(
                        "Kernel modules can't be built in " + path
                                + "; set XDG_CACHE_HOME to a directory whose name has only letters, digits and . / + , @ ~ _ -");
            }
        }
        List<String> command = new ArrayList<>(List.of(
                "make",
                "-C",
                kernel.headers().toString(),
                "M=" + directory,
                "-j" + Runtime.getRuntime().availableProcessors(),
                "CC=" + compiler.command(),
                // Warnings of the kernel quote source paths: those of the kernel, not of the cache.
                "KCFLAGS=-fmacro-prefix-map=" + directory + "/=",
                // Type information for BPF would need pahole, and headers that have vmlinux, which Debian 12's have
                // not.
                "CONFIG_DEBUG_INFO_BTF_MODULES=",
                "modules"));
        command.addAll(variables);
        if (root.tool(command, directory).run(log) != 0) {
            throw failure(directory, log);
        }
    }

    /** Takes the debugging information out of a module, and with it most of its size. */
    void strip(Path module, Path to) throws IOException, TwinException, InterruptedException {
        Tool.Result result = root.tool(
                        List.of("strip", "--strip-debug", "-o", to.toString(), module.toString()), Path.of("/"))
                .run();
        if (!result.succeeded()) {
            throw DiskFullException.saidIn(result.errors())
                    ? new DiskFullException(to)
                    : new BuildException(
                            "strip failed on " + module + ": " + result.errors().strip());
        }
    }

    private static TwinException failure(Path directory, Path log) throws IOException {
        List<String> lines = Files.readString(log, java.nio.charset.StandardCharsets.ISO_8859_1)
                .lines()
                .toList();
        if (lines.stream().anyMatch(DiskFullException::saidIn)) {
            return new DiskFullException(directory);
        }
        List<String> errors = lines.stream()
                .filter(line -> FAILURE.matcher(line).matches())
                .map(line -> line.replace(directory + "/", "").strip())
                .limit(QUOTED_LINES)
                .toList();
        return new BuildException("The compiler refused the source:\n  "
                + String.join(
                        "\n  ",
                        errors.isEmpty() ? lines.subList(Math.max(0, lines.size() - 4), lines.size()) : errors));
    }
}
