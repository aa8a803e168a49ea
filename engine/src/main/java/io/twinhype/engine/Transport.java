package io.twinhype.engine;

/** What a migration's stream goes through. */
public enum Transport {
    /** Nothing: the VM stays in its process. */
    NONE,
    /** A UNIX socket. */
    UNIX,
    /** TCP over the loopback interface: what an ordinary live migration to the same machine uses, for comparison. */
    TCP
}
