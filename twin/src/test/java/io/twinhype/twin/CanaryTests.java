package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What can be said without KVM; that the guest runs is shown in the lab. */
final class CanaryTests {
    private static final Path DEVICE = Path.of("/dev/kvm2");
    private static final int VENDOR = 0x68747541;

    @Test
    void aValueAndATrapAreReported() throws CanaryException {
        Canary.Report report = new Canary.Report(DEVICE);
        report.hear(CanaryCode.CPUID_PORT, VENDOR);
        report.hear(CanaryCode.MSR_LOW_PORT, -2);
        report.hear(CanaryCode.MSR_HIGH_PORT, 1);
        report.hear(CanaryCode.FAULT_PORT, CanaryCode.UD_VECTOR);
        assertThat(report.result(VENDOR)).isEqualTo(new CanaryResult(new MsrRead.Value(0x1fffffffeL), true));
        assertThat(report.result(VENDOR).patched()).isTrue();
    }

    @Test
    void aFaultAndAnExecutionAreReported() throws CanaryException {
        Canary.Report report = new Canary.Report(DEVICE);
        report.hear(CanaryCode.CPUID_PORT, VENDOR);
        report.hear(CanaryCode.FAULT_PORT, CanaryCode.GP_VECTOR);
        report.hear(CanaryCode.INVLPGA_PORT, 0);
        assertThat(report.result(VENDOR)).isEqualTo(new CanaryResult(new MsrRead.Fault(13), false));
    }

    @Test
    void aGuestThatHaltsTooEarlyIsNotAlive() throws CanaryException {
        Canary.Report report = new Canary.Report(DEVICE);
        report.hear(CanaryCode.CPUID_PORT, VENDOR);
        report.hear(CanaryCode.FAULT_PORT, CanaryCode.GP_VECTOR);
        assertThatExceptionOfType(CanaryException.class)
                .isThrownBy(() -> report.result(VENDOR))
                .withMessage(
                        "The canary on /dev/kvm2 is not right: it halted before it was done; do not move VMs there.");
    }

    @Test
    void aGuestThatSeesAnotherProcessorIsNotRight() throws CanaryException {
        Canary.Report report = new Canary.Report(DEVICE);
        report.hear(CanaryCode.CPUID_PORT, 0);
        assertThatExceptionOfType(CanaryException.class)
                .isThrownBy(() -> report.result(VENDOR))
                .withMessageContaining("in CPUID");
    }

    @Test
    void anUnexpectedExceptionIsNotRight() throws CanaryException {
        Canary.Report report = new Canary.Report(DEVICE);
        report.hear(CanaryCode.FAULT_PORT, CanaryCode.GP_VECTOR);
        assertThatExceptionOfType(CanaryException.class)
                .isThrownBy(() -> report.hear(CanaryCode.FAULT_PORT, CanaryCode.GP_VECTOR))
                .withMessageContaining("vector 13");
    }

    @Test
    void aDeviceThatIsNotKvmIsNamed() {
        assertThatExceptionOfType(CanaryException.class)
                .isThrownBy(() -> Canary.run(Path.of("/dev/null")))
                .withMessage("The canary could not use /dev/null: ioctl KVM_GET_API_VERSION on /dev/null: Inappropriate"
                        + " ioctl for device (ENOTTY).");
        assertThatExceptionOfType(CanaryException.class)
                .isThrownBy(() -> Canary.run(Path.of("/dev/no-such-kvm")))
                .withMessageContaining("/dev/no-such-kvm: No such file or directory (ENOENT)");
    }
}
