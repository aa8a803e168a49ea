package io.twinhype.qemu;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for futures without being cut short by an interrupt, which it keeps for later. */
final class Waiting {
    private Waiting() {}

    static <T> T get(CompletableFuture<T> future, Duration timeout) throws ExecutionException, TimeoutException {
        long deadline = System.nanoTime() + timeout.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
                } catch (InterruptedException later) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Says whether the future was completed in time. */
    static boolean until(CompletableFuture<?> future, Duration timeout) {
        try {
            get(future, timeout);
            return true;
        } catch (ExecutionException completed) {
            return true;
        } catch (TimeoutException late) {
            return false;
        }
    }
}
