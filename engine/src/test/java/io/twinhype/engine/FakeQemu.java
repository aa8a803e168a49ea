package io.twinhype.engine;

import io.twinhype.graft.testing.FakeLibrary;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process that takes QEMU's command line and speaks its monitor protocol, to fail at {@code cont} in ways the real one
 * can't be made to. It runs no guest; the fault befalls the process that was started to wait for a migration.
 */
final class FakeQemu {
    /** What happens when the destination is told to run. */
    enum Fault {
        /** It runs. */
        NONE,
        /** It answers with an error. */
        REFUSES,
        /** It runs, but the connection breaks before it says so. */
        RUNS_BUT_LOSES_CONNECTION,
        /** The connection breaks, and it never got the command. */
        NEVER_RUNS_AND_LOSES_CONNECTION,
        /** It reports that it runs and dies. */
        RUNS_THEN_DIES,
        /** The connection breaks, and nobody answers at the second monitor, either. */
        LOSES_ALL_CONNECTIONS
    }

    private static final Pattern SOCKET = Pattern.compile("socket,id=monitor([01]),.*path=(.*)");
    private static final Pattern COMMAND = Pattern.compile("\"execute\":\"([a-z_-]+)\"");
    private static final Pattern ID = Pattern.compile("\"id\":\"([a-z0-9]+)\"");

    private final boolean destination;
    private final Fault fault;
    private volatile String status;
    private volatile boolean migrated;
    private volatile boolean deaf;

    private FakeQemu(boolean destination, Fault fault) {
        this.destination = destination;
        this.fault = fault;
        this.status = destination ? "inmigrate" : "running";
    }

    /** Writes a program that behaves like this class, without a fault; it can be run as QEMU. */
    static Path install(Path directory) throws IOException {
        order(directory, Fault.NONE);
        orderGraft(directory, FakeLibrary.Fault.NONE);
        Path program = directory.resolve("fake-qemu");
        Files.writeString(
                program,
                "#!/bin/sh\nexec '" + System.getProperty("java.home")
                        + "/bin/java' -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED -cp '"
                        + System.getProperty("java.class.path") + "' " + FakeQemu.class.getName() + " "
                        + "\"$(cat '" + directory.resolve("fault") + "')\" \"$(cat '"
                        + directory.resolve("graft-fault") + "')\" \"$@\"\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        return program;
    }

    /** Chooses the fault of the processes that are started from now on. */
    static void order(Path directory, Fault fault) throws IOException {
        Files.writeString(directory.resolve("fault"), fault.name());
    }

    /** Chooses what happens to the processes that are started from now on when they are asked for a graft. */
    static void orderGraft(Path directory, FakeLibrary.Fault fault) throws IOException {
        Files.writeString(directory.resolve("graft-fault"), fault.name());
    }

    /** Runs as QEMU: the faults, then QEMU's arguments. */
    public static void main(String[] arguments) throws InterruptedException, IOException {
        List<String> line = List.of(arguments);
        if (line.contains("-help")) {
            System.out.println("-accel [accel=]accelerator[,prop[=value][,...]] device=path");
            return;
        }
        String sockets = System.getenv("TWINHYPE_GRAFT_DIR");
        if (sockets != null) {
            FakeLibrary.serve(Path.of(sockets), FakeLibrary.Fault.valueOf(arguments[1]));
        }
        var qemu = new FakeQemu(line.contains("-incoming"), Fault.valueOf(arguments[0]));
        for (String argument : line) {
            Matcher socket = SOCKET.matcher(argument);
            if (socket.matches()) {
                boolean first = socket.group(1).equals("0");
                ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                server.bind(UnixDomainSocketAddress.of(socket.group(2)));
                Thread.ofPlatform().start(() -> qemu.serve(server, first));
            }
        }
        Thread.sleep(600_000);
    }

    private void serve(ServerSocketChannel server, boolean first) {
        try {
            while (true) {
                try (SocketChannel connection = server.accept()) {
                    talk(connection, first);
                }
            }
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private void talk(SocketChannel connection, boolean first) throws IOException {
        if (deaf) {
            return;
        }
        say(connection, "{\"QMP\": {}}");
        var reader =
                new BufferedReader(new InputStreamReader(Channels.newInputStream(connection), StandardCharsets.UTF_8));
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            Matcher command = COMMAND.matcher(line);
            Matcher id = ID.matcher(line);
            if (!command.find() || !id.find()) {
                throw new IOException("not understood: " + line);
            }
            boolean faulty = destination && first && command.group(1).equals("cont");
            if (faulty && fault == Fault.REFUSES) {
                say(
                        connection,
                        "{\"error\": {\"desc\": \"Failed to get \\\"write\\\" lock\"}, \"id\": \"" + id.group(1)
                                + "\"}");
                continue;
            }
            if (faulty && breaks(connection)) {
                return;
            }
            say(
                    connection,
                    "{\"return\": " + obey(connection, command.group(1)) + ", \"id\": \"" + id.group(1) + "\"}");
        }
    }

    /** Says whether the connection is to break. */
    private boolean breaks(SocketChannel connection) throws IOException {
        switch (fault) {
            case NONE, REFUSES -> {
                return false;
            }
            case RUNS_BUT_LOSES_CONNECTION -> status = "running";
            case NEVER_RUNS_AND_LOSES_CONNECTION -> status = "paused";
            case RUNS_THEN_DIES -> {
                say(connection, "{\"event\": \"RESUME\"}");
                Runtime.getRuntime().halt(1);
            }
            case LOSES_ALL_CONNECTIONS -> deaf = true;
        }
        return true;
    }

    private String obey(SocketChannel connection, String command) throws IOException {
        switch (command) {
            case "cont" -> {
                say(connection, "{\"event\": \"RESUME\"}");
                status = "running";
            }
            case "migrate" -> {
                say(connection, "{\"event\": \"STOP\"}");
                status = "postmigrate";
                migrated = true;
                say(connection, "{\"event\": \"MIGRATION\", \"data\": {\"status\": \"completed\"}}");
            }
            case "query-status" -> {
                return "{\"status\": \"" + status + "\", \"running\": " + status.equals("running") + "}";
            }
            case "query-migrate" -> {
                return migrated ? "{\"status\": \"completed\"}" : "{}";
            }
            case "quit" -> Runtime.getRuntime().halt(0);
            default -> {
                return "{}";
            }
        }
        return "{}";
    }

    private static void say(SocketChannel connection, String line) throws IOException {
        connection.write(ByteBuffer.wrap((line + "\r\n").getBytes(StandardCharsets.UTF_8)));
    }
}
