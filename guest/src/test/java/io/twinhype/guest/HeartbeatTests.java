package io.twinhype.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the reader concludes from beats: the guest's end of the socket is played here. */
final class HeartbeatTests {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(100);

    @TempDir
    Path directory;

    private Heartbeat heartbeat;

    @BeforeEach
    void listen() throws GuestException {
        heartbeat = Heartbeat.listen("web1", directory.resolve("beat"));
    }

    @AfterEach
    void close() {
        heartbeat.close();
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(heartbeat.socket()));
    }

    private static void say(SocketChannel connection, String text) throws IOException {
        connection.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private static String beat(long sequence) {
        return "b " + sequence + " " + sequence * 1000 + " 0 0 0 0 -\n";
    }

    @Test
    void countsBeatsOfTwoConnectionsInAnyOrder() throws Exception {
        try (SocketChannel old = connect();
                SocketChannel fresh = connect()) {
            say(old, beat(1) + beat(2));
            say(fresh, beat(4));
            assertThat(heartbeat.awaitBeats(3, LONG)).isTrue();
            say(old, beat(3));
            assertThat(heartbeat.awaitBeats(4, LONG)).isTrue();
        }

        HeartbeatSummary summary = heartbeat.summary();
        assertThat(summary.sent()).isEqualTo(4);
        assertThat(summary.received()).isEqualTo(4);
        assertThat(summary.lost()).isZero();
        assertThat(summary.doubled()).isZero();
        assertThat(summary.finished()).isFalse();
    }

    @Test
    void tellsLostAndDoubledBeats() throws Exception {
        try (SocketChannel connection = connect()) {
            say(connection, beat(1) + beat(2) + beat(2) + beat(5));
            assertThat(heartbeat.awaitBeats(3, LONG)).isTrue();
        }

        HeartbeatSummary summary = heartbeat.summary();
        assertThat(summary.lost()).isEqualTo(2);
        assertThat(summary.doubled()).isEqualTo(1);
        assertThat(heartbeat.notes()).containsExactly("beat 2 came again, the same line");
    }

    @Test
    void tellsAGuestThatLivedThroughAMomentTwice() throws Exception {
        try (SocketChannel connection = connect()) {
            say(connection, beat(1) + beat(2) + "b 2 2000002000 0 0 0 0 -\n" + beat(3));
            assertThat(heartbeat.awaitBeats(3, LONG)).isTrue();
        }

        assertThat(heartbeat.notes()).containsExactly("beat 2 came again, 2000000 us later by the guest's clock");
    }

    @Test
    void theLastBeatsCanBeLostToo() throws Exception {
        try (SocketChannel connection = connect()) {
            say(connection, beat(1) + beat(2));
            assertThat(heartbeat.awaitBeats(2, LONG)).isTrue();
            Thread guest = answer(connection, "stop", "end 5 7 1 2 3\n");

            HeartbeatSummary summary = heartbeat.stop(LONG);

            guest.join();
            assertThat(summary)
                    .isEqualTo(
                            new HeartbeatSummary("web1", true, 5, 2, 3, 0, 0, summary.longestGapMillis(), 7, 1, 2, 3));
        }
    }

    private static Thread answer(SocketChannel connection, String expected, String answer) {
        return Thread.ofPlatform().start(() -> {
            try {
                String heard = new BufferedReader(
                                new InputStreamReader(Channels.newInputStream(connection), StandardCharsets.US_ASCII))
                        .readLine();
                say(connection, expected.equals(heard) ? answer : "note heard " + heard + "\n");
            } catch (IOException closed) {
                throw new AssertionError(closed);
            }
        });
    }

    @Test
    void aGuestThatDoesNotAnswerHasNotFinished() throws Exception {
        try (SocketChannel connection = connect()) {
            say(connection, beat(1));
            assertThat(heartbeat.awaitBeats(1, LONG)).isTrue();

            assertThat(heartbeat.stop(SHORT).finished()).isFalse();
        }
    }

    @Test
    void measuresTheSilenceAroundAWindow() throws Exception {
        try (SocketChannel connection = connect()) {
            say(connection, beat(1));
            assertThat(heartbeat.awaitBeats(1, LONG)).isTrue();
            Thread.sleep(60);
            long within = System.nanoTime();
            Thread.sleep(60);
            say(connection, beat(2));
            assertThat(heartbeat.awaitBeats(2, LONG)).isTrue();
            long later = System.nanoTime();
            say(connection, beat(3));
            assertThat(heartbeat.awaitBeatAfter(later, LONG)).isTrue();

            Duration pause = heartbeat.pauseWithin(within, within + 1);
            assertThat(pause).isGreaterThanOrEqualTo(Duration.ofMillis(120));
            assertThat(heartbeat.summary().longestGapMillis()).isEqualTo(pause.toNanos() / 1e6);
            assertThat(heartbeat.pauseWithin(later, later + 1))
                    .as("another window, another silence")
                    .isLessThan(pause);
        }
    }

    @Test
    void aSilenceThatLastsCountsUpToNow() throws Exception {
        try (SocketChannel connection = connect()) {
            say(connection, beat(1));
            assertThat(heartbeat.awaitBeats(1, LONG)).isTrue();
            Thread.sleep(80);

            assertThat(heartbeat.pauseWithin(System.nanoTime(), System.nanoTime()))
                    .isGreaterThanOrEqualTo(Duration.ofMillis(80));
        }
    }

    @Test
    void reportsEachReadingOfTheProbeOnce() throws Exception {
        try (SocketChannel connection = connect()) {
            say(connection, "b 1 1 1 0 0 0 old\nb 2 2 1 0 0 0 old\n");
            ProbeReading first = heartbeat.awaitProbe(LONG).orElseThrow();
            assertThat(first.outcome()).isEqualTo("old");
            assertThat(heartbeat.awaitBeats(2, LONG)).isTrue();
            assertThat(heartbeat.awaitProbeAfter(first.atNanos(), SHORT))
                    .as("the same round")
                    .isEmpty();

            say(connection, "b 3 3 2 0 0 0 new\n");

            assertThat(heartbeat.awaitProbeAfter(first.atNanos(), LONG).map(ProbeReading::outcome))
                    .contains("new");
        }
    }

    @Test
    void spoiltLinesAreCounted() throws Exception {
        try (SocketChannel connection = connect()) {
            say(connection, "b 1 x 0 0 0 0 -\nhello 1\nnote no disk\n" + beat(1) + "b 2 20");
        }
        assertThat(heartbeat.awaitBeats(1, LONG)).isTrue();
        long deadline = System.nanoTime() + LONG.toNanos();
        while (heartbeat.summary().malformed() < 2 && System.nanoTime() < deadline) {
            Thread.sleep(5);
        }

        assertThat(heartbeat.summary().malformed()).isEqualTo(2);
        assertThat(heartbeat.summary().received()).isEqualTo(1);
    }

    @Test
    void aSocketThatCannotBeIsSaid() {
        Path absent = directory.resolve("absent/beat");

        assertThatThrownBy(() -> Heartbeat.listen("web1", absent))
                .isInstanceOf(GuestException.class)
                .hasMessageContaining("heartbeat of web1 at " + absent);
    }

    @Test
    void tellsHowFurtherChecksStand() throws Exception {
        try (SocketChannel connection = connect()) {
            say(connection, "check clocks 7 0 drift_ns=-12 tsc_khz=1000\ncheck clocks 8 1 drift_ns=-13\n");
            say(connection, "check wakeups x 0\ncheck ticks 1 0 late_ns\n" + beat(1));
            assertThat(heartbeat.awaitBeats(1, LONG)).isTrue();

            assertThat(heartbeat.checks())
                    .containsOnlyKeys("clocks")
                    .containsValue(new GuestCheck("clocks", 8, 1, Map.of("drift_ns", -13L)));
            assertThat(heartbeat.summary().malformed()).isEqualTo(2);
        }
    }

    @Test
    void aGuestThatBootsAgainIsCountedFromTheStart() throws Exception {
        try (SocketChannel connection = connect()) {
            say(connection, "\nhello 1 x\n" + beat(1) + beat(2) + "check log 5 0 last=5\nb 3 3");
            say(connection, "\nhello 1 x\n" + beat(1) + beat(3));
            assertThat(heartbeat.awaitLives(2, LONG)).isTrue();
            assertThat(heartbeat.awaitBeats(2, LONG)).isTrue();
        }

        HeartbeatSummary summary = heartbeat.summary();
        assertThat(summary.received()).isEqualTo(2);
        assertThat(summary.lost()).isEqualTo(1);
        assertThat(summary.doubled()).isZero();
        assertThat(summary.malformed()).isZero();
        assertThat(heartbeat.checks()).isEmpty();
    }

    @Test
    void comparesTheGuestsClockWithItsOwn() throws Exception {
        try (SocketChannel connection = connect()) {
            for (int sequence = 1; sequence <= 100; sequence++) {
                say(connection, "b " + sequence + " 5000000000 0 0 0 0 -\n");
            }
            assertThat(heartbeat.awaitBeats(100, LONG)).isTrue();
            Thread.sleep(50);
            for (int sequence = 101; sequence <= 200; sequence++) {
                say(connection, "b " + sequence + " 5000000000 0 0 0 0 -\n");
            }
            assertThat(heartbeat.awaitBeats(200, LONG)).isTrue();

            assertThat(heartbeat.clockAhead()).isLessThan(Duration.ofMillis(-49));
        }
    }
}
