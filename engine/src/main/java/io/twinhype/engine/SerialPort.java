package io.twinhype.engine;

import java.nio.file.Path;

/**
 * A virtio-serial port of a VM.
 *
 * @param name the name the guest finds it under
 * @param socket a UNIX socket on which somebody listens before the VM starts and for as long as it lives
 */
public record SerialPort(String name, Path socket) {}
