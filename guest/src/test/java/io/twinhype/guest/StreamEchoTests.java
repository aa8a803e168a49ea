package io.twinhype.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What the outside's end of a guest's stream notices; the guest's end is played here. */
final class StreamEchoTests {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();

    private static byte[] record(long number) {
        ByteBuffer record =
                ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN).putLong(number);
        for (int i = 1; i < 32; i++) {
            record.putLong(StreamEcho.pattern(i, number));
        }
        return record.array();
    }

    private static StreamEcho.Summary await(StreamEcho echo, Predicate<StreamEcho.Summary> wanted)
            throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!wanted.test(echo.summary()) && System.nanoTime() < deadline) {
            Thread.sleep(5);
        }
        return echo.summary();
    }

    @Test
    void sendsRecordsBackAndSeesTheirEnd() throws Exception {
        try (StreamEcho echo = StreamEcho.listen(HERE);
                Socket guest = new Socket(HERE, echo.port())) {
            guest.getOutputStream().write(record(1));
            guest.getOutputStream().write(record(2));
            guest.shutdownOutput();

            assertThat(guest.getInputStream().readNBytes(256)).isEqualTo(record(1));
            assertThat(guest.getInputStream().readAllBytes()).isEqualTo(record(2));
            assertThat(await(echo, summary -> summary.ended() == 1))
                    .isEqualTo(new StreamEcho.Summary(1, 1, 2, List.of()));
        }
    }

    @Test
    void namesWhatIsLostAndWhatIsChanged() throws Exception {
        byte[] changed = record(2);
        changed[255] ^= 1;
        try (StreamEcho echo = StreamEcho.listen(HERE);
                Socket guest = new Socket(HERE, echo.port())) {
            guest.getOutputStream().write(record(5));
            guest.getOutputStream().write(changed);

            assertThat(await(echo, summary -> summary.records() == 2).problems())
                    .containsExactly("record 5 came in place of record 1", "record 2 came with another content");
        }
    }

    @Test
    void aRecordThatIsCutOffIsABrokenConnection() throws Exception {
        try (StreamEcho echo = StreamEcho.listen(HERE)) {
            cutOff(echo);

            assertThat(await(echo, summary -> !summary.problems().isEmpty()).problems())
                    .singleElement()
                    .asString()
                    .startsWith("the connection broke after 0 records");
            assertThat(echo.summary().ended()).isZero();
        }
    }

    private static void cutOff(StreamEcho echo) throws IOException {
        try (Socket guest = new Socket(HERE, echo.port())) {
            guest.getOutputStream().write(record(1), 0, 100);
        }
    }
}
