package io.twinhype.soak;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A debugger that is attached to a VM and has a breakpoint where no guest ever comes, so that its vCPUs are debugged (GDB's
 * remote serial protocol).
 */
final class GraftDebugger implements AutoCloseable {
    private static final String NEVER = "fffffffffffff000";

    private final SocketChannel connection;

    private GraftDebugger(SocketChannel connection) {
        this.connection = connection;
    }

    /** Attaches, which stops the VM, sets the breakpoint, and lets the VM go on. */
    static GraftDebugger attach(Path socket) throws IOException {
        SocketChannel connection = SocketChannel.open(StandardProtocolFamily.UNIX);
        connection.connect(UnixDomainSocketAddress.of(socket));
        var debugger = new GraftDebugger(connection);
        debugger.send("Z1," + NEVER + ",1");
        String answer = debugger.hear();
        while (answer.startsWith("T")) {
            // That the VM was stopped, by this very attaching.
            answer = debugger.hear();
        }
        if (!answer.equals("OK")) {
            throw new IOException("the debugger may not set a breakpoint: " + answer);
        }
        debugger.send("c");
        return debugger;
    }

    private void send(String packet) throws IOException {
        int sum = packet.chars().sum() & 0xff;
        String whole = "$" + packet + "#" + String.format("%02x", sum);
        connection.write(ByteBuffer.wrap(whole.getBytes(StandardCharsets.US_ASCII)));
    }

    private String hear() throws IOException {
        StringBuilder heard = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        // +$ANSWER#SS
        while (!heard.toString().matches("(?s)\\+*\\$[^#]*#..")) {
            one.clear();
            if (connection.read(one) < 0) {
                throw new IOException("the debugger's connection ended after \"" + heard + "\"");
            }
            heard.append((char) one.get(0));
        }
        connection.write(ByteBuffer.wrap(new byte[] {'+'}));
        return heard.substring(heard.indexOf("$") + 1, heard.indexOf("#"));
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
