package io.twinhype.bench;

import java.util.List;
import java.util.Optional;

/**
 * How a selftest ended on one hypervisor.
 *
 * @param reason why it did not pass, in its own words where it had any; empty if it passed
 * @param seconds it took, by the lab's clock
 * @param complaints lines of the kernel's log meanwhile that say WARN, BUG or the like
 */
public record SelftestOutcome(Verdict verdict, String reason, double seconds, List<String> complaints) {
    /** What a test can come to (Documentation/dev-tools/kselftest.rst, tools/testing/selftests/kselftest.h). */
    public enum Verdict {
        PASS,
        /** It says itself that what it needs is not there. */
        SKIP,
        FAIL,
        TIMEOUT,
        /** The lab's machine did not survive it. */
        CRASH
    }

    private static final int KSFT_SKIP = 4;
    private static final int TIMED_OUT = 124;
    private static final int KILLED = 128 + 9;
    private static final String ASSERTION = "==== Test Assertion Failure ====";

    public SelftestOutcome {
        complaints = List.copyOf(complaints);
    }

    /** From an exit status, and what the test said. */
    static SelftestOutcome of(int status, long milliseconds, List<String> said, List<String> complaints) {
        Verdict verdict =
                switch (status) {
                    case 0 -> Verdict.PASS;
                    case KSFT_SKIP -> Verdict.SKIP;
                    case TIMED_OUT, KILLED -> Verdict.TIMEOUT;
                    default -> Verdict.FAIL;
                };
        String reason =
                switch (verdict) {
                    case PASS -> "";
                    case SKIP ->
                        lastLine(said)
                                .replaceFirst("^.*# SKIP (- )?", "")
                                .replaceFirst("^Requirement not met: ", "needs ");
                    case TIMEOUT -> "not finished in time";
                    case FAIL, CRASH -> assertion(said).orElse("status " + status + ": " + lastLine(said));
                };
        return new SelftestOutcome(verdict, reason, milliseconds / 1000.0, complaints);
    }

    /** For a test in the middle of which the lab ended. */
    static SelftestOutcome crash(String reason, List<String> complaints) {
        return new SelftestOutcome(Verdict.CRASH, reason, 0, complaints);
    }

    private static String lastLine(List<String> said) {
        return said.reversed().stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .findFirst()
                .orElse("it said nothing");
    }

    /** lib/assert.c: the place and the condition, process and backtrace, then what the test makes of it. */
    private static Optional<String> assertion(List<String> said) {
        int at = said.indexOf(ASSERTION);
        if (at < 0 || at + 1 >= said.size()) {
            return Optional.empty();
        }
        return Optional.of(said.get(at + 1).strip() + " (" + lastLine(said) + ")");
    }
}
