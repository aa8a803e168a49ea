package io.twinhype.guest;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The log that a guest keeps on a disk of its own ({@code twinhype.log=}), read from outside when the guest has ended;
 * disklog.c says how it is laid out.
 *
 * @param records in a row that end with the last one, all of which are right
 * @param last the number of the last one, as the guest said; 0 if it wrote none
 * @param problems what is wrong, a sentence each, the first ten
 */
public record DiskLog(long records, long last, List<String> problems) {
    private static final int RECORD = 512;
    private static final long MAGIC = 0x31474f4c4857540aL;
    private static final int SUM = 504;
    private static final int MOST_PROBLEMS = 10;

    public DiskLog {
        problems = List.copyOf(problems);
    }

    /** Makes an empty disk for a log, whose records are overwritten after {@code records}. */
    public static void prepare(Path disk, int records) throws GuestException {
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength((long) records * RECORD);
        } catch (IOException unusable) {
            throw new GuestException(
                    "cannot make the disk " + disk + ": " + unusable.getMessage() + "; is the file system full?",
                    unusable);
        }
    }

    /**
     * Reads a log.
     *
     * @param disk a raw file
     * @param last the number of the last record, as the guest's check {@code log} says
     */
    public static DiskLog read(Path disk, long last) throws GuestException {
        try (FileChannel channel = FileChannel.open(disk)) {
            long room = channel.size() / RECORD;
            List<String> problems = new ArrayList<>();
            long right = 0;
            long life = 0;
            for (long number = Math.max(1, last - room + 1); number <= last; number++) {
                ByteBuffer record = ByteBuffer.allocate(RECORD).order(ByteOrder.LITTLE_ENDIAN);
                long place = (number - 1) % room * RECORD;
                while (record.hasRemaining() && channel.read(record, place + record.position()) > 0) {}
                String problem = problem(record, number, life);
                life = record.getLong(24);
                if (problem.isEmpty()) {
                    right++;
                } else {
                    right = 0;
                    if (problems.size() < MOST_PROBLEMS) {
                        problems.add(problem);
                    }
                }
            }
            return new DiskLog(right, last, problems);
        } catch (IOException unreadable) {
            throw new GuestException("cannot read the disk " + disk + ": " + unreadable.getMessage(), unreadable);
        }
    }

    private static String problem(ByteBuffer record, long number, long life) {
        if (record.getLong(0) != MAGIC) {
            return "record " + number + " is not there";
        }
        if (record.getLong(SUM) != checksum(record)) {
            return "record " + number + " has a wrong checksum";
        }
        if (record.getLong(8) != number) {
            return "in place of record " + number + " is record " + record.getLong(8);
        }
        return life != 0 && record.getLong(24) != life ? "record " + number + " is of another life of the guest" : "";
    }

    /** FNV-1a. */
    static long checksum(ByteBuffer record) {
        long sum = 0xcbf29ce484222325L;
        for (int i = 0; i < SUM; i++) {
            sum = (sum ^ Byte.toUnsignedLong(record.get(i))) * 0x100000001b3L;
        }
        return sum;
    }
}
