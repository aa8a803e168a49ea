package io.twinhype.guest;

import io.twinhype.cc.CProgram;
import io.twinhype.cc.CompileException;
import java.nio.file.Path;
import java.util.List;

/** Compiles the guest's one program, a static binary, and keeps it by the content of its sources. */
final class GuestProgram {
    private static final CProgram PROGRAM = new CProgram(
            "the guest's program",
            "init",
            GuestProgram.class,
            List.of(
                    "init.c",
                    "port.c",
                    "checks.c",
                    "integrity.c",
                    "interrupts.c",
                    "registers.c",
                    "clocks.c",
                    "ticks.c",
                    "wakeups.c",
                    "disklog.c",
                    "stream.c",
                    "machine.c"),
            List.of("guest.h"),
            List.of("-O2", "-Wall", "-Wextra", "-static", "-pthread", "-s"));

    private GuestProgram() {}

    /** Returns the compiled program, out of the cache if its source has not changed. */
    static Path compile(Path cache) throws GuestException {
        return compile(cache, CProgram.COMPILER);
    }

    static Path compile(Path cache, String compiler) throws GuestException {
        try {
            return PROGRAM.build(cache, compiler);
        } catch (CompileException notCompiled) {
            throw new GuestException(String.valueOf(notCompiled.getMessage()), notCompiled);
        }
    }
}
