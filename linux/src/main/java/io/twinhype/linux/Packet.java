package io.twinhype.linux;

import java.util.Optional;

/**
 * One message of a {@link PacketSocket}.
 *
 * @param text its bytes as UTF-8
 * @param descriptor the descriptor that came with it, for the receiver to close
 */
public record Packet(String text, Optional<Fd> descriptor) {}
