package io.twinhype.graft;

import io.twinhype.linux.Errno;
import io.twinhype.linux.Fd;
import io.twinhype.linux.LinuxException;
import io.twinhype.linux.Packet;
import io.twinhype.linux.PacketSocket;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Gives orders to the library in a VMM: asks how its VM stands and changes the hypervisor under it. Each request is a
 * connection of its own; the library answers one after the other.
 */
public final class Graft {
    /** How long the library may take for an answer that needs no pause; it may be busy with another one's graft. */
    public static final Duration PATIENCE = Duration.ofSeconds(30);

    private final VmmProcess process;
    private final Path socket;
    private final Duration patience;

    private Graft(VmmProcess process, Path socket, Duration patience) {
        this.process = process;
        this.socket = socket;
        this.patience = patience;
    }

    /**
     * Finds the library of a VMM, by its process id, without asking it anything.
     *
     * @throws GraftException.Unreachable if there is no such process or it can't be looked at
     */
    public static Graft of(long pid) throws GraftException.Unreachable {
        VmmProcess process = new VmmProcess(pid);
        try {
            return new Graft(process, process.socket(), PATIENCE);
        } catch (AccessDeniedException denied) {
            throw new GraftException.Unreachable(
                    "process " + pid + " may not be looked at by this user: be root or its owner", denied);
        } catch (IOException gone) {
            throw new GraftException.Unreachable("there is no process " + pid, gone);
        }
    }

    static Graft at(long pid, Path socket, Duration patience) {
        return new Graft(new VmmProcess(pid), socket, patience);
    }

    /** Asks how the VM stands. */
    public GraftState show() throws GraftException.Refused, GraftException.Unreachable {
        return ask("show", Optional.empty(), GraftAnswer::state);
    }

    /**
     * Asks what keeps the VM from being grafted onto another hypervisor; nothing is changed.
     *
     * @param device the other hypervisor's device
     */
    public GraftState check(Path device) throws GraftException.Refused, GraftException.Unreachable {
        try (Fd open = open(device)) {
            return ask("check", Optional.of(open), GraftAnswer::state);
        } catch (LinuxException unclosed) {
            throw new GraftException.Unreachable(unclosed.getMessage(), unclosed);
        }
    }

    /** Asks for the steps of a graft, each of which can be made to fail. */
    public List<String> steps() throws GraftException.Refused, GraftException.Unreachable {
        return ask("steps", Optional.empty(), answer -> answer.all("step"));
    }

    /**
     * Changes the hypervisor under the VM. Returns when nothing of the VM is left on the old one.
     *
     * @param device the new hypervisor's device
     * @param parking how long the vCPUs may take to come to a stop, in milliseconds at the least
     * @param fault what is to fail, for a rehearsal
     * @throws GraftException.Refused if nothing was done
     * @throws GraftException.Unreachable if the library could not be asked: nothing was done
     * @throws GraftException.Failed if a step failed: the VM goes on on the old hypervisor
     * @throws GraftException.OutcomeUnknown if no answer came; {@link #show} may tell what is true
     */
    public GraftResult graft(Path device, Duration parking, Optional<GraftFault> fault) throws GraftException {
        StringBuilder request = new StringBuilder("graft timeout_ms=" + parking.toMillis());
        fault.ifPresent(
                each -> request.append(" fail=").append(each.step()).append(':').append(each.occurrence()));
        try (Fd open = open(device);
                PacketSocket connection = connect()) {
            send(connection, request.toString(), Optional.of(open));
            return awaitResult(connection, parking.plus(patience));
        } catch (LinuxException unclosed) {
            throw new GraftException.OutcomeUnknown(unclosed.getMessage(), unclosed);
        }
    }

    private GraftResult awaitResult(PacketSocket connection, Duration limit) throws GraftException {
        try {
            Optional<Packet> answer = connection.receive(limit);
            if (answer.isEmpty()) {
                throw new GraftException.OutcomeUnknown(who() + " closed its connection in the middle of a graft"
                        + (process.alive() ? "" : ", it died"));
            }
            return GraftAnswer.parse(text(answer.get())).result();
        } catch (GraftAnswer.Garbled garbled) {
            throw new GraftException.OutcomeUnknown(
                    who() + " was not understood after a graft: " + garbled.getMessage(), garbled);
        } catch (IOException lost) {
            throw new GraftException.OutcomeUnknown(
                    isSilence(lost)
                            ? who() + " has not answered within " + limit.toSeconds() + " s"
                            : "the connection to " + who() + " broke in the middle of a graft: " + lost.getMessage(),
                    lost);
        }
    }

    private interface Reading<T> {
        T of(GraftAnswer answer) throws GraftAnswer.Garbled;
    }

    private <T> T ask(String request, Optional<Fd> descriptor, Reading<T> reading)
            throws GraftException.Refused, GraftException.Unreachable {
        try (PacketSocket connection = connect()) {
            send(connection, request, descriptor);
            Optional<Packet> answer = connection.receive(patience);
            if (answer.isEmpty()) {
                throw new GraftException.Unreachable(
                        process.alive()
                                ? who() + " closed the connection: it obeys root and the VMM's own user only"
                                : "process " + process.pid() + " has ended");
            }
            return reading.of(GraftAnswer.parse(text(answer.get())));
        } catch (GraftAnswer.Garbled | GraftException.Failed garbled) {
            throw new GraftException.Unreachable(
                    who() + " was not understood: " + garbled.getMessage()
                            + "; is its library of the same version as this program?",
                    garbled);
        } catch (IOException lost) {
            throw new GraftException.Unreachable(
                    isSilence(lost)
                            ? who() + " has not answered within " + patience.toSeconds()
                                    + " s: is another graft under way, or is the process stopped?"
                            : "the connection to " + who() + " broke: " + lost.getMessage(),
                    lost);
        }
    }

    /** Takes the text; a descriptor has no business in an answer and is closed. */
    private static String text(Packet packet) throws IOException {
        if (packet.descriptor().isPresent()) {
            packet.descriptor().get().close();
        }
        return packet.text();
    }

    private static void send(PacketSocket connection, String request, Optional<Fd> descriptor)
            throws GraftException.Unreachable {
        try {
            connection.send(request, descriptor);
        } catch (LinuxException closed) {
            throw new GraftException.Unreachable(
                    "a VMM's library closed the connection before it was asked: it obeys root and the VMM's own user only"
                            + " (" + closed.getMessage() + ")",
                    closed);
        }
    }

    private PacketSocket connect() throws GraftException.Unreachable {
        try {
            PacketSocket connection = PacketSocket.connect(socket, patience);
            long peer = connection.peer();
            if (peer != process.pid()) {
                connection.close();
                throw new GraftException.Unreachable("the socket " + socket + " is not that of process "
                        + process.pid() + " but of " + (peer == 0 ? "an invisible one" : "process " + peer)
                        + ": nothing was asked of it");
            }
            return connection;
        } catch (LinuxException failed) {
            throw new GraftException.Unreachable(whyNot(failed), failed);
        }
    }

    private String whyNot(LinuxException failed) {
        if (!process.alive()) {
            return "there is no process " + process.pid();
        }
        if (failed.errno().equals(Errno.EACCES) || failed.errno().equals(Errno.EPERM)) {
            return "the socket " + socket + " may not be used by this user: be root or the VMM's own user";
        }
        boolean library;
        try {
            library = process.hasLibrary();
        } catch (IOException unreadable) {
            library = true;
        }
        return library
                ? who() + " has the graft library, but nobody answers at " + socket + " (" + failed.errno()
                        + "): it has no VM yet, or said on its standard error why it could not listen"
                : who() + " was started without the graft library: start it with LD_PRELOAD=libtwinhype-graft.so";
    }

    private String who() {
        String command = process.command();
        return "process " + process.pid() + (command.isEmpty() ? "" : " (" + command + ")");
    }

    private static boolean isSilence(IOException failed) {
        return failed instanceof LinuxException system && system.errno().equals(Errno.EAGAIN);
    }

    private static Fd open(Path device) throws GraftException.Refused {
        try {
            return Fd.open(device, Fd.O_RDWR);
        } catch (LinuxException absent) {
            throw new GraftException.Refused("the device " + device + " can't be opened (" + absent.errno()
                    + "): is its hypervisor loaded, and may this user use it?");
        }
    }
}
