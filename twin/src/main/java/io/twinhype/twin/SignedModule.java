package io.twinhype.twin;

import java.nio.file.Path;

/**
 * A module with an operator's signature.
 *
 * @param build what was signed; its own file stays without signature
 * @param record by whom
 * @param file the signed module
 */
public record SignedModule(ModuleBuild build, SignatureRecord record, Path file) {}
