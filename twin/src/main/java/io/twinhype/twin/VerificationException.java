package io.twinhype.twin;

import java.util.List;

/** The module files are not independent or do not fit the kernel; the message names each offending symbol. */
public final class VerificationException extends TwinException {
    private final List<String> findings;

    public VerificationException(List<String> findings) {
        super("The modules must not be loaded:\n  " + String.join("\n  ", findings));
        this.findings = List.copyOf(findings);
    }

    /** One sentence for each finding. */
    public List<String> findings() {
        return findings;
    }
}
