package io.twinhype.lab;

import java.time.Duration;

/**
 * Whether an emulator still does something. Bochs computes even while its machine idles, so one that uses no processor time
 * stands still, as it did for ever when nobody read its screen ({@link BochsScreen}).
 */
final class Pulse {
    private static final Duration LOOK_EVERY = Duration.ofMinutes(1);
    private static final Duration LEAST = Duration.ofMillis(100);
    private static final int MOST_LOOKS = 3;

    private long looked;
    private Duration used = Duration.ZERO;
    private int still;

    /** From now on, ns of {@link System#nanoTime}. */
    Pulse(long now) {
        looked = now;
    }

    /** Whether a process and what it started has used no processor time for minutes; to be asked often. */
    boolean gone(long pid, long now) {
        if (now - looked < LOOK_EVERY.toNanos()) {
            return false;
        }
        looked = now;
        return stillAfter(ProcessHandle.of(pid)
                .map(process -> process.descendants()
                        .map(each -> each.info().totalCpuDuration().orElse(Duration.ZERO))
                        .reduce(Duration.ZERO, Duration::plus))
                .orElse(Duration.ZERO));
    }

    /** The same, once a look has found this much processor time used in all. */
    boolean stillAfter(Duration now) {
        still = now.minus(used).compareTo(LEAST) < 0 ? still + 1 : 0;
        used = now;
        return still >= MOST_LOOKS;
    }
}
