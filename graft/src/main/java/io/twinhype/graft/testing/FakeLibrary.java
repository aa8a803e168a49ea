package io.twinhype.graft.testing;

import io.twinhype.linux.Fd;
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
 * own that a fault befalls when it is asked for a graft.
 */
public final class FakeLibrary implements AutoCloseable {
    /** The device that it says its VM is on; no real one is looked at. */
    public static final String DEVICE = "10:232";

    /** A stand-in for the other hypervisor's device, which every machine has: {@code /dev/null}. */
    public static final Path OTHER_DEVICE = Path.of("/dev/null");

    private static final String OTHER_NUMBER = "1:3";

    /** An answer to {@code show}. */
    public static final String STATE = """
            ok
            protocol 1
            pid 17
            vm yes
            vcpus 2
            slots 9
            irqfds 3
            ioeventfds 4
            device 10:232
            grafts 5
            """;

    /** An answer to {@code graft}. */
    public static final String RESULT = """
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

    /** What happens to a VMM when it is asked for a graft. */
    public enum Fault {
        /** It is done. */
        NONE,
        /** It says that something can't be carried. */
        OBSTACLE,
        /** A step fails. */
        FAILS,
        /** It dies. */
        DIES,
        /** It is done, but the answer is lost. */
        LOSES_ANSWER,
        /** It is not done, and the answer is lost. */
        UNDONE_AND_LOSES_ANSWER,
        /** The answer is lost, and no question is answered any more. */
        GOES_MUTE
    }

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final PacketSocket server;
    private final UnaryOperator<String> answers;
    private final List<String> heard = new CopyOnWriteArrayList<>();

    /**
     * Listens.
     *
     * @param answers what is answered to a request; "" closes the connection without an answer
     */
    public FakeLibrary(Path socket, UnaryOperator<String> answers) throws IOException {
        this.answers = answers;
        server = PacketSocket.listen(socket);
        Thread.ofPlatform().daemon().start(this::serve);
    }

    /** Returns the requests so far, each followed by the file of its descriptor, if it had one. */
    public List<String> heard() {
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
            try (Fd descriptor = request.descriptor().get()) {
                file = " + " + Path.of("/proc/self/fd/" + descriptor.number()).toRealPath();
            }
        }
        heard.add(request.text() + file);
        return request.text();
    }

    /** Starts a process that is a VMM as far as its library tells, and to which a fault happens. */
    public static Process start(Path directory, Fault fault) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                FakeLibrary.class.getName(),
                directory.toString(),
                fault.name());
        builder.environment().put("TWINHYPE_GRAFT_DIR", directory.toString());
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        // Its first line says that it listens.
        if (process.getInputStream().read() < 0) {
            throw new IOException("the VMM that is none did not start");
        }
        return process;
    }

    /** Makes this process a VMM, as far as its library tells, to which a fault happens. */
    public static FakeLibrary serve(Path directory, Fault fault) throws IOException {
        Vmm vmm = new Vmm(fault);
        return new FakeLibrary(directory.resolve(ProcessHandle.current().pid() + ".sock"), vmm::answer);
    }

    /** Runs as a VMM: the directory of its socket, the fault. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        try (FakeLibrary library = serve(Path.of(arguments[0]), Fault.valueOf(arguments[1]))) {
            System.out.println(library.heard().size());
            Thread.sleep(PATIENCE);
        }
    }

    /** A VMM that is on a device and has one fault. */
    private static final class Vmm {
        private final Fault fault;
        private volatile String device = DEVICE;
        private volatile boolean mute;

        Vmm(Fault fault) {
            this.fault = fault;
        }

        String answer(String request) {
            if (mute) {
                return "";
            }
            if (request.startsWith("graft")) {
                return graft();
            }
            if (request.equals("steps")) {
                return "ok\nstep park.vcpus\nstep switch.quiet\n";
            }
            String obstacles = fault == Fault.OBSTACLE ? "obstacle the VM uses SEV\nobstacle the VM uses VFIO\n" : "";
            return STATE.replace(DEVICE, device) + obstacles;
        }

        private String graft() {
            switch (fault) {
                case NONE -> {
                    device = OTHER_NUMBER;
                    return RESULT;
                }
                case OBSTACLE -> {
                    return "refused the VM uses SEV";
                }
                case FAILS -> {
                    return "failed write.msrs 22 MSR 0x1b is not accepted\n";
                }
                case DIES -> Runtime.getRuntime().halt(3);
                case LOSES_ANSWER -> device = OTHER_NUMBER;
                case UNDONE_AND_LOSES_ANSWER -> device = DEVICE;
                case GOES_MUTE -> mute = true;
            }
            return "";
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
