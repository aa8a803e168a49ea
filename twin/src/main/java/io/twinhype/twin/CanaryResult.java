package io.twinhype.twin;

/**
 * What a canary guest saw. That there is a result means that the hypervisor runs guests.
 *
 * @param msr what reading the MSR in question did
 * @param invlpgaTrapped whether INVLPGA raised #UD while EFER.SVME was clear, as a processor does; false where
 *     CVE-2026-46082 is not fixed
 */
public record CanaryResult(MsrRead msr, boolean invlpgaTrapped) {
    /** Whether the hypervisor has the fix for CVE-2026-46082. */
    public boolean patched() {
        return invlpgaTrapped;
    }
}
