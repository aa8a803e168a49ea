package io.twinhype.twin;

/**
 * One package as a signed Debian index describes it.
 *
 * @param name the package's name
 * @param version its Debian version, such as 6.1.192-2
 * @param sha256 the hash of the .deb, lower-case hexadecimal
 * @param size the size of the .deb in bytes
 */
public record DebianPackage(String name, String version, String sha256, long size) {}
