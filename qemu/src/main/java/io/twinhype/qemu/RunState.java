package io.twinhype.qemu;

/**
 * What QEMU says the VM is doing (query-status).
 *
 * @param name the state in QEMU's words: running, paused, inmigrate, postmigrate, finish-migrate, …
 * @param running whether the vCPUs run
 */
public record RunState(String name, boolean running) {}
