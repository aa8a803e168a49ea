package io.twinhype.twin;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The module file of a hypervisor, as somebody names it who wants it loaded. */
public final class TwinFile {
    private TwinFile() {}

    /**
     * Refuses a file that is not that hypervisor's module: loading it would start another one, or something else.
     *
     * @throws VerificationException with the file, and what is in it
     */
    public static void require(Twin twin, Path file) throws VerificationException {
        if (!Files.isReadable(file) || !Files.isRegularFile(file)) {
            throw new VerificationException(List.of("There is no file " + file
                    + " that can be read; `twinhype hypervisor build` tells where modules are."));
        }
        String name = ModuleFile.read(file).name();
        if (!name.equals(twin.moduleName())) {
            throw new VerificationException(List.of(
                    file + " is the module " + name + ", not " + twin.moduleName() + " of hypervisor " + twin + "."));
        }
    }
}
