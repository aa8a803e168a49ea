package io.twinhype.graft;

import io.twinhype.linux.Packet;
import io.twinhype.linux.PacketSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/**
 * Answers like the library in a VMM, also in ways the real one can't be made to. In this process, or as a process of its
 * own that dies when it is asked for a graft.
 */
final class FakeLibrary implements AutoCloseable {
    static final String STATE = """
            ok
            protocol 1
            pid 17
            vm yes
            vcpus 2
            slots 9
            irqfds 3
            ioeventfds 4
            device 10:232
            path /dev/kvm
            grafts 5
            """;
    static final String RESULT = """
            ok
            prepare_ns 48000000
            park_ns 518000
            detach_ns 267000
            read_ns 603000
            write_ns 913000
            attach_ns 35000
            switch_ns 940000
            release_ns 80000
            pause_ns 3926000
            teardown_ns 12000000
            """;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final PacketSocket server;
    private final UnaryOperator<String> answers;
    private final List<String> heard = new CopyOnWriteArrayList<>();

    /** @param answers what is answered to a request; "" closes the connection without an answer */
    FakeLibrary(Path socket, UnaryOperator<String> answers) throws IOException {
        this.answers = answers;
        server = PacketSocket.listen(socket);
        Thread.ofPlatform().daemon().start(this::serve);
    }

    /** The requests so far, each followed by the file of its descriptor, if it had one. */
    List<String> heard() {
        return List.copyOf(heard);
    }

    private void serve() {
        try {
            while (true) {
                try (PacketSocket connection = server.accept()) {
                    Optional<Packet> request = connection.receive(PATIENCE);
                    if (request.isPresent()) {
                        String answer = answers.apply(note(request.get()));
                        if (!answer.isEmpty()) {
                            connection.send(answer, Optional.empty());
                        }
                    }
                }
            }
        } catch (IOException | IllegalStateException closed) {
            heard.add("closed");
        }
    }

    private String note(Packet request) throws IOException {
        String file = "";
        if (request.descriptor().isPresent()) {
            try (var descriptor = request.descriptor().get()) {
                file = " + " + Path.of("/proc/self/fd/" + descriptor.number()).toRealPath();
            }
        }
        heard.add(request.text() + file);
        return request.text();
    }

    /** Runs as a VMM that dies in the middle of a graft: the argument is the socket. */
    public static void main(String[] arguments) throws Exception {
        new FakeLibrary(Path.of(arguments[0]), request -> {
            if (request.startsWith("graft")) {
                Runtime.getRuntime().halt(3);
            }
            return STATE;
        });
        System.out.println("listening");
        Thread.sleep(PATIENCE);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
