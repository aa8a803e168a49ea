package io.twinhype.cli;

import io.twinhype.lab.LabException;
import io.twinhype.lab.LabKernel;
import io.twinhype.lab.ModuleToLoad;
import java.nio.file.Path;
import java.util.List;

/** Where the lab's kernels and the modules built for them are found. */
final class LabKernels {
    private LabKernels() {}

    /** The unpacked kernel packages of a series such as {@code 6.1}, in the user's cache. */
    static LabKernel kernel(String series) throws LabException {
        String cache = System.getenv("XDG_CACHE_HOME");
        Path base =
                cache == null || cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
        return LabKernel.unpackedIn(
                base.resolve("twinhype").resolve("kernels").resolve(series).resolve("root"));
    }

    /** The base module and our hypervisors for a kernel. */
    @SuppressWarnings("DoNotCallSuggester") // until the builder of room twin is called here
    static List<ModuleToLoad> twins(LabKernel kernel, boolean a, boolean b) {
        throw new UnsupportedOperationException("This build has no builder for the hypervisors A and B of kernel "
                + kernel.release() + ": use --hypervisors stock or none.");
    }
}
