package io.twinhype.twin;

/** What RDMSR did in a guest. */
public sealed interface MsrRead {
    /** It read a value. */
    record Value(long value) implements MsrRead {}

    /** It raised an exception. */
    record Fault(int vector) implements MsrRead {}
}
