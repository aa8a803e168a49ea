package io.twinhype.graft;

import io.twinhype.cc.CProgram;
import io.twinhype.cc.CompileException;
import java.nio.file.Path;
import java.util.List;

/** Programs that use the KVM API without being like QEMU, from src/test/c. */
final class Fixtures {
    private static final CProgram VMM = new CProgram(
            "the fixture vmm",
            "vmm",
            Fixtures.class,
            List.of("vmm.c", "vmm_machine.c", "vmm_devices.c", "vmm_guest.c"),
            List.of("vmm.h"),
            // Its guest's code may not call the C library nor read data of the host's, and runs where it is linked.
            List.of(
                    "-O2",
                    "-Wall",
                    "-Wextra",
                    "-Werror",
                    "-no-pie",
                    "-fno-pie",
                    "-pthread",
                    "-mno-red-zone",
                    "-fno-jump-tables",
                    "-fno-tree-loop-distribute-patterns",
                    "-fno-stack-protector",
                    "-fcf-protection=none"));

    private static final CProgram FUZZ = new CProgram(
            "the fixture fuzz",
            "fuzz",
            Fixtures.class,
            List.of("fuzz.c", "fuzz_steps.c", "fuzz_requests.c", "fuzz_peer.c", "message.c"),
            List.of("fuzz.h", "message.h"),
            List.of("-O2", "-Wall", "-Wextra", "-Werror", "-pthread"));

    private static final CProgram ORDER = new CProgram(
            "the fixture order",
            "order",
            Fixtures.class,
            List.of("order.c", "message.c"),
            List.of("message.h"),
            List.of("-O2", "-Wall", "-Wextra", "-Werror", "-static"));

    private Fixtures() {}

    static Path vmm(Path directory) throws CompileException {
        return VMM.build(directory);
    }

    static Path fuzz(Path directory) throws CompileException {
        return FUZZ.build(directory);
    }

    static Path order(Path directory) throws CompileException {
        return ORDER.build(directory);
    }
}
