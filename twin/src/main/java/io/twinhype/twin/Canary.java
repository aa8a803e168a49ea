package io.twinhype.twin;

import io.twinhype.linux.LinuxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A guest of some sixty bytes that must run on a hypervisor before any VM is trusted to it. It executes CPUID, reads one
 * MSR, tries INVLPGA without having enabled SVM, and halts.
 */
public final class Canary {
    /** MSR_AMD64_TW_CFG: KVM reads it as 0 since "KVM: x86: Ignore MSR_AMD64_TW_CFG access"; before, it raises #GP. */
    public static final int MSR_AMD64_TW_CFG = 0xc0011023;

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    /** The guest needs 6 at most. */
    private static final int MOST_EXITS = 16;

    private Canary() {}

    /**
     * Runs the canary on a KVM device, reading {@link #MSR_AMD64_TW_CFG}.
     *
     * @throws CanaryException when the device can't be used, or the guest does not do what it is made to do
     */
    public static CanaryResult run(Path device) throws CanaryException {
        return run(device, MSR_AMD64_TW_CFG);
    }

    /**
     * Runs the canary on a KVM device.
     *
     * @param device such as /dev/kvm2
     * @param msr the number of the MSR to read
     * @throws CanaryException when the device can't be used, or the guest does not do what it is made to do; also when the
     *     calling thread is interrupted, which it then still is
     */
    public static CanaryResult run(Path device, int msr) throws CanaryException {
        CompletableFuture<CanaryResult> result = new CompletableFuture<>();
        // Its own thread: KVM_RUN does not return from a guest that hangs. A daemon does not keep the JVM.
        Thread.ofPlatform().name("canary on " + device).daemon().start(() -> {
            try {
                result.complete(live(device, msr));
            } catch (LinuxException e) {
                result.completeExceptionally(
                        new CanaryException("The canary could not use " + device + ": " + e.getMessage() + ".", e));
            } catch (CanaryException | RuntimeException | Error e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return result.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new CanaryException(
                    "The canary on " + device + " did not end within " + PATIENCE.toSeconds()
                            + " s; do not move VMs there.",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CanaryException("The canary on " + device + " was not waited for: interrupted.", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof CanaryException dead
                    ? dead
                    : new CanaryException("The canary on " + device + " failed: " + e.getCause(), e);
        }
    }

    private static CanaryResult live(Path device, int msr) throws LinuxException, CanaryException {
        try (KvmGuest guest = new KvmGuest(device, CanaryCode.MEMORY_BYTES)) {
            CanaryCode.write(guest.memory());
            guest.start(msr);
            Report report = new Report(device);
            for (int exits = 0; exits < MOST_EXITS; exits++) {
                switch (guest.run()) {
                    case KvmGuest.Exit.PortWrite(int port, int value) -> report.hear(port, value);
                    case KvmGuest.Exit.Halt() -> {
                        return report.result(guest.vendor());
                    }
                    case KvmGuest.Exit.Other(int reason) ->
                        throw new CanaryException("The canary on " + device + " died: KVM exit reason " + reason
                                + " (linux/kvm.h); do not move VMs there.");
                }
            }
            throw new CanaryException("The canary on " + device + " left the guest " + MOST_EXITS
                    + " times without halting; do not move VMs there.");
        }
    }

    /** Puts together what the guest tells, and does not believe what it can't tell. */
    static final class Report {
        private final Path device;
        private @Nullable Integer cpuid;
        private @Nullable Integer low;
        private @Nullable MsrRead msr;
        private @Nullable Boolean trapped;

        Report(Path device) {
            this.device = device;
        }

        void hear(int port, int value) throws CanaryException {
            switch (port) {
                case CanaryCode.CPUID_PORT -> cpuid = value;
                case CanaryCode.MSR_LOW_PORT -> low = value;
                case CanaryCode.MSR_HIGH_PORT -> {
                    if (low == null) {
                        throw nonsense("it told the upper half of an MSR before the lower");
                    }
                    msr = new MsrRead.Value((long) value << 32 | Integer.toUnsignedLong(low));
                }
                case CanaryCode.INVLPGA_PORT -> trapped = false;
                case CanaryCode.FAULT_PORT -> fault(value);
                default -> throw nonsense("it wrote to port " + port);
            }
        }

        private void fault(int vector) throws CanaryException {
            if (msr == null && low == null) {
                msr = new MsrRead.Fault(vector);
            } else if (trapped == null && vector == CanaryCode.UD_VECTOR) {
                trapped = true;
            } else {
                throw nonsense("it had an unexpected exception with vector " + vector);
            }
        }

        CanaryResult result(int vendor) throws CanaryException {
            if (cpuid == null || cpuid != vendor) {
                throw nonsense("it saw the vendor " + cpuid + " instead of " + vendor + " in CPUID");
            }
            if (msr == null || trapped == null) {
                throw nonsense("it halted before it was done");
            }
            return new CanaryResult(msr, trapped);
        }

        private CanaryException nonsense(String what) {
            return new CanaryException(
                    "The canary on " + device + " is not right: " + what + "; do not move VMs there.");
        }
    }
}
