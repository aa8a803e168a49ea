package io.twinhype.graft;

import io.twinhype.linux.Errno;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** One answer of the library: {@code ok}, {@code refused}, {@code failed} or {@code error}, then lines "key value". */
final class GraftAnswer {
    private static final int PROTOCOL = 1;

    private final List<String> lines;

    private GraftAnswer(List<String> lines) {
        this.lines = lines;
    }

    /** Says that an answer was not one. */
    static final class Garbled extends Exception {
        Garbled(String what) {
            super(what);
        }
    }

    /** Reads an answer; what it says against the request is thrown. */
    static GraftAnswer parse(String text) throws GraftException.Refused, GraftException.Failed, Garbled {
        List<String> lines = text.lines().toList();
        String first = lines.isEmpty() ? "" : lines.getFirst();
        String[] words = first.split(" ", 2);
        String rest = words.length > 1 ? words[1].strip() : "";
        switch (words[0]) {
            case "ok" -> {
                return new GraftAnswer(lines.subList(1, lines.size()));
            }
            case "refused", "error" -> throw new GraftException.Refused(rest);
            case "failed" -> throw failed(rest);
            default -> throw new Garbled("it answered \"" + printable(first) + "\"");
        }
    }

    private static GraftException.Failed failed(String rest) throws Garbled {
        String[] words = rest.split(" ", 3);
        try {
            return new GraftException.Failed(
                    words[0], new Errno(Integer.parseInt(words[1])), words.length > 2 ? words[2] : "");
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException notSo) {
            throw new Garbled("it answered \"failed " + printable(rest) + "\"");
        }
    }

    /** Reads the answer to {@code show} and {@code check}. */
    GraftState state() throws Garbled {
        if (number("protocol") != PROTOCOL) {
            throw new Garbled("it speaks protocol " + number("protocol") + ", this program speaks " + PROTOCOL);
        }
        // Of no VM, nothing follows but what is in the way.
        return value("vm").equals("yes")
                ? new GraftState(
                        (int) number("vcpus"),
                        (int) number("slots"),
                        (int) number("irqfds"),
                        (int) number("ioeventfds"),
                        Optional.of(device()),
                        (int) number("grafts"),
                        all("obstacle"))
                : new GraftState(0, 0, 0, 0, Optional.empty(), 0, all("obstacle"));
    }

    /** Reads the answer to {@code graft}. */
    GraftResult result() throws Garbled {
        return new GraftResult(
                nanos("prepare"),
                nanos("park"),
                nanos("detach"),
                nanos("read"),
                nanos("write"),
                nanos("attach"),
                nanos("switch"),
                nanos("release"),
                nanos("pause"),
                nanos("teardown"));
    }

    /** Returns the values of a key that may come several times. */
    List<String> all(String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key + " "))
                .map(line -> line.substring(key.length() + 1).strip())
                .toList();
    }

    private Duration nanos(String part) throws Garbled {
        return Duration.ofNanos(number(part + "_ns"));
    }

    private DeviceNumber device() throws Garbled {
        try {
            return DeviceNumber.parse(value("device"));
        } catch (NumberFormatException notSo) {
            throw new Garbled("its answer has \"device " + printable(value("device")) + "\"");
        }
    }

    private long number(String key) throws Garbled {
        try {
            return Long.parseLong(value(key));
        } catch (NumberFormatException notSo) {
            throw new Garbled("its answer has \"" + key + " " + printable(value(key)) + "\"");
        }
    }

    private String value(String key) throws Garbled {
        Optional<String> found = find(key);
        if (found.isEmpty()) {
            throw new Garbled("its answer lacks " + key);
        }
        return found.get();
    }

    private Optional<String> find(String key) {
        return all(key).stream().findFirst();
    }

    private static String printable(String text) {
        String clean = text.replaceAll("[^\\x20-\\x7e]", "?");
        return clean.length() > 80 ? clean.substring(0, 80) + "…" : clean;
    }
}
