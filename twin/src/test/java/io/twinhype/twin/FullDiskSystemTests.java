package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a real disk that gets full: a small tmpfs in a mount namespace, which goes away with the JVM in it. */
@Tag("system")
final class FullDiskSystemTests {
    @TempDir
    Path directory;

    /** Runs in the namespace: what a first build or fetch does, on the cache given. */
    static final class Attempt {
        public static void main(String[] arguments) throws Exception {
            TwinCache small = new TwinCache(Path.of(arguments[1]));
            try {
                if (arguments[0].equals("fetch")) {
                    new KernelPackages(small, Progress.SILENT).obtain(KernelSeries.V6_1);
                } else {
                    KernelTree kernel = new KernelPackages(TwinCache.of(System.getenv()), Progress.SILENT)
                            .obtain(KernelSeries.V6_1);
                    KernelSources sources = new KernelSources(
                            Path.of("..", "kernel").toAbsolutePath().normalize());
                    new HypervisorBuilder(small, sources, Progress.SILENT).buildBase(kernel);
                }
                System.out.println("succeeded");
            } catch (TwinException e) {
                System.out.println(e.getClass().getSimpleName() + ": " + e.sentence());
                try (var left = Files.list(small.builds())) {
                    left.forEach(path -> System.out.println("left: " + path.getFileName()));
                } catch (java.nio.file.NoSuchFileException none) {
                    System.out.println("no builds");
                }
            }
        }
    }

    @Test
    void aBuildSaysSoAndLeavesNothing() throws Exception {
        // The cached kernel must be there before: in the namespace, only the failing build is of interest.
        KernelTree kernel =
                new KernelPackages(TwinCache.of(System.getenv()), new ListeningProgress()).obtain(KernelSeries.V6_1);
        assertThat(kernel.headers()).exists();
        assertThat(attempt("build", "600k"))
                .first()
                .asString()
                .startsWith("DiskFullException: The disk that holds ")
                .endsWith("free some space there, or set XDG_CACHE_HOME to a directory on another disk.");
        assertThat(attempt("build", "600k"))
                .filteredOn(line -> line.startsWith("left: "))
                .containsExactly("left: .lock");
        assertThat(attempt("build", "16m")).containsExactly("succeeded");
    }

    @Test
    void aFetchLooksBeforeItBegins() throws Exception {
        assertThat(attempt("fetch", "20m"))
                .first()
                .asString()
                .matches(
                        "DiskFullException: The disk that holds .*/kernels/6\\.1/apt has (19|20) MiB free, but 128 MiB are"
                                + " needed; free some space there, or set XDG_CACHE_HOME to a directory on another disk\\.");
    }

    @Test
    void inAChrootWhoseRootIsNotMountedTheRoomIsKnownAllTheSame() throws Exception {
        // Such a chroot's mount table has no line for its root; here it has none at all, which to Java is the same.
        assertThat(attempt("fetch", "20m", "mount --bind /dev/null /proc/$$/mounts || exit 77; "))
                .first()
                .asString()
                .startsWith("DiskFullException: ")
                .contains(" MiB free, but 128 MiB are needed");
    }

    private List<String> attempt(String what, String size) throws Exception {
        return attempt(what, size, "");
    }

    private List<String> attempt(String what, String size, String also) throws Exception {
        Path mount = Files.createDirectories(directory.resolve("small"));
        String script = "mount -t tmpfs -o size=" + size + " none \"$1\" || exit 77; shift; " + also + "exec \"$@\"";
        Tool.Result result = new Tool(
                        List.of(
                                "unshare",
                                "--mount",
                                "sh",
                                "-c",
                                script,
                                "sh",
                                mount.toString(),
                                Path.of(System.getProperty("java.home"), "bin/java")
                                        .toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Attempt.class.getName(),
                                what,
                                mount.toString()),
                        Path.of("").toAbsolutePath(),
                        Map.of())
                .run();
        assumeThat(result.status())
                .as("mounting needs root: " + result.errors())
                .isNotIn(1, 77);
        return result.output().lines().toList();
    }
}
