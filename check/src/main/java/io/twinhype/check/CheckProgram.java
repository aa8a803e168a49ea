package io.twinhype.check;

import io.twinhype.cc.CProgram;
import io.twinhype.cc.CompileException;
import java.nio.file.Path;
import java.util.List;

/**
 * Compiles the checker and keeps it by the content of its source. It is static, so that it runs in a machine that has
 * nothing but a kernel, and not relocated, since its guests' code runs at the addresses it is linked at.
 *
 * <p>Its commands are told by {@code twinhype-check} without arguments.
 */
public final class CheckProgram {
    /** Guest code may not call the C library nor read data of the host's: hence no jump tables, no memset, no canaries. */
    private static final List<String> OPTIONS = List.of(
            "-O2",
            "-Wall",
            "-Wextra",
            "-static",
            "-no-pie",
            "-fno-pie",
            "-pthread",
            "-s",
            "-mno-red-zone",
            "-fno-jump-tables",
            "-fno-tree-loop-distribute-patterns",
            "-fno-stack-protector",
            "-fcf-protection=none");

    private static final CProgram PROGRAM = new CProgram(
            "the checker",
            "twinhype-check",
            CheckProgram.class,
            List.of("main.c", "vm.c", "guest.c", "member.c", "ring.c", "exits.c"),
            List.of("layout.h", "main.h", "member.h", "vm.h"),
            OPTIONS);

    private CheckProgram() {}

    /**
     * Returns the compiled program, out of the cache if its source has not changed.
     *
     * @param cache a directory of its own, made if missing
     * @throws CheckException if there is no compiler, or it does not compile it
     */
    public static Path build(Path cache) throws CheckException {
        return build(cache, CProgram.COMPILER);
    }

    static Path build(Path cache, String compiler) throws CheckException {
        try {
            return PROGRAM.build(cache, compiler);
        } catch (CompileException failed) {
            throw new CheckException(failed.getMessage(), failed);
        }
    }
}
