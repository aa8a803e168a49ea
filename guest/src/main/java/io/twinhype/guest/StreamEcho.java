package io.twinhype.guest;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The outside's end of a guest's TCP connection ({@code twinhype.stream=}): sends every record back, after having looked
 * whether it is the one that is due; stream.c says how they are laid out. A guest connects once in its life.
 */
public final class StreamEcho implements AutoCloseable {
    private static final int RECORD = 256;
    private static final int MOST_PROBLEMS = 10;

    private final ServerSocket server;
    private final List<Socket> open = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private int connections;
    private int ended;
    private long records;

    private StreamEcho(ServerSocket server) {
        this.server = server;
    }

    /** Starts to listen at an address of this machine, at any port. */
    public static StreamEcho listen(InetAddress address) throws GuestException {
        try {
            var server = new ServerSocket();
            server.bind(new InetSocketAddress(address, 0));
            var echo = new StreamEcho(server);
            Thread.ofPlatform().daemon().name("stream").start(echo::accept);
            return echo;
        } catch (IOException unusable) {
            throw new GuestException(
                    "cannot listen for the guest's stream at " + address.getHostAddress() + ": "
                            + unusable.getMessage(),
                    unusable);
        }
    }

    /** Returns the port it listens at. */
    public int port() {
        return server.getLocalPort();
    }

    /**
     * What came.
     *
     * @param connections that were made
     * @param ended connections that the guest ended in order
     * @param records that came, of all connections
     * @param problems what was wrong, a sentence each, the first ten
     */
    public record Summary(int connections, int ended, long records, List<String> problems) {
        public Summary {
            problems = List.copyOf(problems);
        }
    }

    /** Returns what came so far. */
    public synchronized Summary summary() {
        return new Summary(connections, ended, records, problems);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket connection = server.accept();
                connection.setTcpNoDelay(true);
                synchronized (this) {
                    connections++;
                    open.add(connection);
                }
                Thread.ofPlatform().daemon().name("stream").start(() -> echo(connection));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void echo(Socket connection) {
        byte[] record = new byte[RECORD];
        long number = 0;
        try (connection) {
            var in = new DataInputStream(connection.getInputStream());
            OutputStream out = connection.getOutputStream();
            while (true) {
                int first = in.read();
                if (first < 0) {
                    synchronized (this) {
                        ended++;
                    }
                    return;
                }
                record[0] = (byte) first;
                in.readFully(record, 1, RECORD - 1);
                number++;
                look(record, number);
                out.write(record);
            }
        } catch (IOException broken) {
            wrong("the connection broke after " + number + " records: " + broken.getMessage());
        }
    }

    private synchronized void look(byte[] record, long number) {
        records++;
        ByteBuffer words = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN);
        if (words.getLong(0) != number) {
            wrong("record " + words.getLong(0) + " came in place of record " + number);
            return;
        }
        for (int i = 1; i < RECORD / Long.BYTES; i++) {
            if (words.getLong(i * Long.BYTES) != pattern(i, number)) {
                wrong("record " + number + " came with another content");
                return;
            }
        }
    }

    private synchronized void wrong(String sentence) {
        if (!server.isClosed() && problems.size() < MOST_PROBLEMS) {
            problems.add(sentence);
        }
    }

    /** As in init.c. */
    static long pattern(long position, long generation) {
        return (position + 1) * 0x9e3779b97f4a7c15L ^ generation * 0xc2b2ae3d27d4eb4fL;
    }

    @Override
    public void close() {
        try {
            server.close();
            List<Socket> left;
            synchronized (this) {
                left = List.copyOf(open);
            }
            for (Socket connection : left) {
                connection.close();
            }
        } catch (IOException late) {
            // Nothing depends on it: the descriptors go with the process.
            Thread.onSpinWait();
        }
    }
}
