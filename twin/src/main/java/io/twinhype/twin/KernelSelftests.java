package io.twinhype.twin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The kernel's own tests of KVM (tools/testing/selftests/kvm), compiled from a kernel's source package and kept in the
 * cache. They are static programs: they run on any system, under any kernel.
 *
 * @param directory holds the programs, at the paths that their Makefile gives them
 * @param names of the tests, sorted, such as {@code x86_64/state_test}
 * @param unbuilt tests that do not compile, sorted; why not is in {@code build.log}
 */
public record KernelSelftests(Path directory, List<String> names, List<String> unbuilt) {
    private static final String FILES = "twinhype-files.tsv";
    private static final String LOG = "build.log";

    /** Goes into the cache's name: to be raised when this class builds differently from the same source. */
    private static final String RECIPE = "1";

    private static final String PLACE = "tools/testing/selftests/kvm";

    /** What {@code make headers} and the tests' Makefile need of the source. */
    private static final List<String> PARTS = List.of(
            "Makefile",
            "scripts",
            "include/uapi",
            "arch/x86/Makefile",
            "arch/x86/include",
            "arch/x86/entry/syscalls",
            "arch/x86/tools",
            "tools/arch",
            "tools/build",
            "tools/include",
            "tools/lib",
            "tools/scripts",
            "tools/testing/selftests",
            "usr");

    public KernelSelftests {
        names = List.copyOf(names);
        unbuilt = List.copyOf(unbuilt);
    }

    /** The tests of a kernel; compiled, if they are not there or were changed. */
    public static KernelSelftests of(KernelTree kernel, TwinCache cache, Progress progress)
            throws TwinException, InterruptedException {
        Path directory = cache.kernel(kernel.series());
        Path place = directory.resolve("selftests-" + RECIPE + "-" + kernel.version());
        Steps steps = new Steps(progress, directory);
        return steps.quietly("Building the kernel's selftests", () -> {
            try (Workspace workspace = Workspace.in(directory, progress)) {
                if (!sound(place)) {
                    steps.act(
                            "Compiling the KVM selftests of " + kernel.version(),
                            () -> build(kernel, workspace.scratch(), place));
                }
                return in(place);
            }
        });
    }

    private static boolean sound(Path place) throws IOException, InterruptedException {
        Path files = place.resolve(FILES);
        return Files.exists(files)
                && FileRecord.difference(FileRecord.read(files), place, false, Set.of(FILES))
                        .isEmpty();
    }

    private static void build(KernelTree kernel, Path scratch, Path place)
            throws IOException, TwinException, InterruptedException {
        Path source = Files.createDirectory(scratch.resolve("source"));
        Path log = scratch.resolve(LOG);
        extract(kernel, source);
        Path tests = source.resolve(PLACE);
        make(source, log, List.of("headers", "ARCH=x86"), Map.of());
        int status = make(
                tests,
                log,
                List.of("--keep-going", "ARCH=x86_64", "EXTRA_CFLAGS=" + flags(tests)),
                Map.of("LDFLAGS", "-static"));
        Path result = Files.createDirectory(scratch.resolve("result"));
        for (Path file : Trees.files(tests)) {
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.isExecutable(file)) {
                Path to = result.resolve(tests.relativize(file));
                Files.createDirectories(to.getParent());
                Files.copy(file, to);
            }
        }
        if (Trees.files(result).isEmpty()) {
            throw failed("make ended with status " + status, log, place);
        }
        Files.write(result.resolve("unbuilt"), unbuilt(Files.readAllLines(log), tests));
        Files.copy(log, result.resolve(LOG));
        FileRecord.write(FileRecord.of(result), result.resolve(FILES));
        Trees.replace(result, place);
    }

    private static void extract(KernelTree kernel, Path to) throws IOException, TwinException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "tar",
                "--extract",
                "--xz",
                "--file=" + kernel.sourceTarball(),
                "--directory=" + to,
                "--strip-components=1",
                "--no-same-owner"));
        PARTS.forEach(part -> command.add("linux-source-" + kernel.series() + "/" + part));
        Tool.Result result = new Tool(command, to, Map.of()).run();
        if (!result.succeeded()) {
            throw DiskFullException.saidIn(result.errors())
                    ? new DiskFullException(to)
                    : new BuildException("tar could not unpack the selftests from " + kernel.sourceTarball() + ": "
                            + result.errors().lines().findFirst().orElse("it did not say why"));
        }
    }

    /**
     * What the tests need to compile that their source lacks. In 6.1.192, a fix was taken over from later kernels, where
     * ASSERT_EQ is called TEST_ASSERT_EQ, and one file relies on a header that it does not include.
     */
    private static String flags(Path tests) throws IOException {
        boolean named = Files.readString(tests.resolve("include/test_util.h")).contains("define TEST_ASSERT_EQ");
        return "-include linux/stddef.h" + (named ? "" : " -DTEST_ASSERT_EQ=ASSERT_EQ");
    }

    private static int make(Path directory, Path log, List<String> arguments, Map<String, String> environment)
            throws IOException, TwinException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "nice",
                "make",
                "--silent",
                "--jobs=" + Runtime.getRuntime().availableProcessors(),
                "CC=gcc",
                "HOSTCC=gcc"));
        command.addAll(arguments);
        return new Tool(command, directory, environment).run(log);
    }

    private static BuildException failed(String why, Path log, Path place) throws IOException {
        Path kept = place.resolveSibling("selftests-failed.log");
        Files.copy(log, kept, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        return DiskFullException.saidIn(Files.readString(log))
                ? new BuildException("The KVM selftests could not be built: the disk that holds " + place + " is full.")
                : new BuildException("None of the KVM selftests could be built (" + why
                        + "); install the Debian packages gcc, libc6-dev and make. The whole log is " + kept);
    }

    /** The targets that make could not remake: "make: *** [FILE:LINE: TARGET] Error 1". */
    static List<String> unbuilt(List<String> log, Path tests) {
        String before = ": " + tests + "/";
        return log.stream()
                .filter(line -> line.startsWith("make: *** [") && line.contains(before))
                .map(line -> line.substring(line.indexOf(before) + before.length(), line.lastIndexOf(']')))
                .filter(target -> !target.endsWith(".o"))
                .sorted()
                .toList();
    }

    /** A program that has a script of its own name is run by that. */
    private static KernelSelftests in(Path place) throws IOException {
        List<String> programs = Trees.files(place).stream()
                .filter(Files::isExecutable)
                .map(file -> place.relativize(file).toString())
                .toList();
        return new KernelSelftests(
                place,
                programs.stream()
                        .filter(name -> !programs.contains(name + ".sh"))
                        .sorted()
                        .toList(),
                Files.readAllLines(place.resolve("unbuilt")));
    }
}
