package io.twinhype.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinhype.guest.GuestException;
import io.twinhype.guest.GuestImage;
import io.twinhype.guest.Heartbeat;
import io.twinhype.guest.HeartbeatSummary;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A real guest under plain emulation, with a disk and a heartbeat every millisecond. */
final class SmallGuest implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path directory;
    private final String name;
    private final Heartbeat heartbeat;
    private final VmDefinition definition;

    SmallGuest(Path directory, String name, int memoryMebibytes, String moreArguments)
            throws GuestException, IOException {
        this.directory = directory;
        this.name = name;
        GuestImage image = image();
        Path disk = directory.resolve(name + ".raw");
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        heartbeat = Heartbeat.listen(name, directory.resolve(name + ".beat"));
        definition = VmDefinition.linux(
                        name,
                        memoryMebibytes,
                        image.kernel(),
                        image.initramfs(),
                        "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check twinhype.beat_us=1000 "
                                + moreArguments)
                .withDisk(disk)
                .withPort(Heartbeat.PORT, heartbeat.socket());
    }

    static GuestImage image() throws GuestException {
        Path cache = cache();
        return GuestImage.build(kernelRoot(cache), cache.resolve("guest"), List.of());
    }

    private static Path cache() {
        return Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .filter(set -> !set.isEmpty())
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"))
                .resolve("twinhype");
    }

    private static Path kernelRoot(Path cache) {
        Path root = cache.resolve("kernels/6.1/root");
        assertThat(root)
                .as("the guests' kernel (boot/vmlinuz-*, lib/modules/*); `twinhype demo` fetches it there")
                .isDirectory();
        return root;
    }

    VmDefinition definition() {
        return definition;
    }

    Heartbeat heartbeat() {
        return heartbeat;
    }

    Path disk() {
        return definition.disks().getFirst();
    }

    String console() throws IOException {
        Path log = directory.resolve(name).resolve("console.log");
        return Files.exists(log) ? Files.readString(log) : "";
    }

    /** Waits until it beats and has completed its first checks. */
    SmallGuest awaitUp() throws IOException {
        assertThat(heartbeat.awaitBeats(100, PATIENCE))
                .as("the guest beats; console: %s", console())
                .isTrue();
        return this;
    }

    /** Sees that beats go on from now, and that checks do. */
    void expectAlive() {
        long checks = heartbeat.summary().checks();
        assertThat(heartbeat.awaitBeatAfter(System.nanoTime(), PATIENCE))
                .as("beats go on")
                .isTrue();
        assertThat(heartbeat.awaitChecks(checks + 2, PATIENCE))
                .as("checks (disk, memory, clock) go on")
                .isTrue();
    }

    /** Stops the beats and sees that none was lost or doubled and no check failed. */
    HeartbeatSummary expectFlawless() {
        HeartbeatSummary summary = heartbeat.stop(PATIENCE);
        assertThat(summary.finished()).as("the guest answers").isTrue();
        assertThat(summary.lost()).as("beats lost in %s", summary).isZero();
        assertThat(summary.doubled()).as("beats doubled in %s", summary).isZero();
        assertThat(summary.malformed()).as("lines spoilt in %s", summary).isZero();
        assertThat(summary.received()).isPositive().isEqualTo(summary.sent());
        assertThat(summary.checks()).as("rounds of checks").isPositive();
        assertThat(summary.diskErrors() + summary.memoryErrors() + summary.clockErrors())
                .as("errors found by the guest: %s", summary)
                .isZero();
        return summary;
    }

    @Override
    public void close() {
        heartbeat.close();
    }
}
