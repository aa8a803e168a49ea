package io.twinhype.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is concluded from a guest's log; disklog.c's own is read in {@link GuestChecksTests}. */
final class DiskLogTests {
    @TempDir
    Path directory;

    private Path disk;

    @BeforeEach
    void prepare() throws GuestException {
        disk = directory.resolve("log.raw");
        DiskLog.prepare(disk, 4);
    }

    private void write(long number, long life, int place) throws IOException {
        ByteBuffer record = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(0, 0x31474f4c4857540aL).putLong(8, number).putLong(24, life);
        record.putLong(504, DiskLog.checksum(record));
        try (FileChannel channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            channel.write(record, place * 512L);
        }
    }

    @Test
    void aLogThatWentAroundIsRight() throws Exception {
        for (int number = 1; number <= 6; number++) {
            write(number, 7, (number - 1) % 4);
        }

        DiskLog log = DiskLog.read(disk, 6);

        assertThat(log.problems()).isEmpty();
        assertThat(log.records()).isEqualTo(4);
    }

    @Test
    void lostAndDamagedRecordsAreNamed() throws Exception {
        write(1, 7, 0);
        write(2, 7, 1);
        write(2, 7, 2);
        try (FileChannel channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1}), 512 + 100);
        }

        DiskLog log = DiskLog.read(disk, 4);

        assertThat(log.problems())
                .containsExactly(
                        "record 2 has a wrong checksum", "in place of record 3 is record 2", "record 4 is not there");
        assertThat(log.records()).isZero();
    }

    @Test
    void recordsOfAnEarlierLifeAreTold() throws Exception {
        write(1, 7, 0);
        write(2, 8, 1);

        assertThat(DiskLog.read(disk, 2).problems()).containsExactly("record 2 is of another life of the guest");
    }

    @Test
    void aMissingDiskIsNamed() {
        Path missing = directory.resolve("missing");
        assertThatThrownBy(() -> DiskLog.read(missing, 1))
                .isInstanceOf(GuestException.class)
                .hasMessageContaining(missing.toString());
    }
}
