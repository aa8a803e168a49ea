package io.twinhype.graft;

import io.twinhype.cc.CProgram;
import io.twinhype.cc.CompileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The library that is preloaded into VMMs: compiled with this machine's compiler, so that it fits this machine's C library,
 * and kept by the content of its source.
 */
public final class GraftLibrary {
    static final List<String> SOURCES =
            List.of("hooks.c", "ledger.c", "server.c", "graft.c", "shadow.c", "park.c", "carry.c");
    static final List<String> HEADERS = List.of("graft.h");

    private static final CProgram LIBRARY = new CProgram(
            "the graft library",
            "libtwinhype-graft.so",
            GraftLibrary.class,
            SOURCES,
            HEADERS,
            List.of("-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-pthread"));

    private GraftLibrary() {}

    /**
     * Returns the compiled library, out of the cache if its source has not changed.
     *
     * @param cache a directory of its own, made if missing
     * @param progress is told what takes time, if anything does
     * @throws CompileException if there is no compiler, it does not compile it, or nobody could preload it from there
     */
    public static Path build(Path cache, Consumer<String> progress) throws CompileException {
        Path place = cache.toAbsolutePath().normalize();
        if (place.toString().matches(".*[ :].*")) {
            throw new CompileException("the graft library can't be preloaded from " + place
                    + ": in LD_PRELOAD a space or a colon ends a path (ld.so(8)); set XDG_CACHE_HOME to a directory"
                    + " without them");
        }
        if (!LIBRARY.isBuilt(place)) {
            progress.accept("Compiling the graft library");
        }
        return LIBRARY.build(place);
    }

    /**
     * Returns what a VMM's environment needs so that its VM can be grafted.
     *
     * @param library what {@link #build} returned
     * @param directory where the library listens; made by whoever starts the VMM, writable for it
     */
    public static Map<String, String> environment(Path library, Path directory) {
        return Map.of("LD_PRELOAD", library.toString(), "TWINHYPE_GRAFT_DIR", directory.toString());
    }
}
