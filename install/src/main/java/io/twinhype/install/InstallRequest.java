package io.twinhype.install;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What is to be installed for one kernel.
 *
 * @param release the kernel's release, as {@code uname -r} prints it
 * @param modules the files of base, A and B, verified; of a preview, empty
 * @param certificate the certificate they are signed by, DER, if they are
 * @param hook how the installation of a further kernel is to call TwinHype
 */
public record InstallRequest(String release, List<Path> modules, Optional<Path> certificate, HookSettings hook) {
    public InstallRequest {
        modules = List.copyOf(modules);
    }
}
