package io.twinhype.twin;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Has the hand-made bytes read back by binutils. */
@Tag("system")
final class CanaryCodeSystemTests {
    @TempDir
    Path directory;

    @Test
    void theBytesAreTheInstructionsOfTheComments() throws Exception {
        Path image = directory.resolve("image");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(CanaryCode.MEMORY_BYTES, 4096);
            CanaryCode.write(memory);
            Files.write(image, memory.toArray(ValueLayout.JAVA_BYTE));
        }
        Tool.Result dump = new Tool(
                        directory,
                        "objdump",
                        "-D",
                        "-b",
                        "binary",
                        "-m",
                        "i386",
                        "-M",
                        "intel",
                        "--no-show-raw-insn",
                        "--start-address=" + CanaryCode.START,
                        "--stop-address=" + (CanaryCode.START + 0x3b),
                        image.toString())
                .run();
        List<String> instructions = dump.output()
                .lines()
                .filter(line -> line.matches(" +10[0-9a-f]{2}:.*"))
                .map(line -> line.replaceFirst("^ +10([0-9a-f]{2}):\\s+", "$1 ")
                        .replaceAll("\\s+", " ")
                        // Its operands are implied; versions of binutils differ in whether they print them.
                        .replace("invlpga eax,ecx", "invlpga")
                        .strip())
                .toList();
        assertThat(instructions)
                .containsExactly(
                        "00 xor eax,eax",
                        "02 cpuid",
                        "04 mov eax,ebx",
                        "06 out 0x20,eax",
                        "08 mov ebp,0x1017",
                        "0d mov ecx,esi",
                        "0f rdmsr",
                        "11 out 0x21,eax",
                        "13 mov eax,edx",
                        "15 out 0x22,eax",
                        "17 mov ebp,0x1025",
                        "1c xor eax,eax",
                        "1e xor ecx,ecx",
                        "20 invlpga",
                        "23 out 0x23,eax",
                        "25 hlt",
                        "26 add esp,0x4",
                        "29 mov eax,0xd",
                        "2e jmp 0x1035",
                        "30 mov eax,0x6",
                        "35 out 0x24,eax",
                        "37 mov DWORD PTR [esp],ebp",
                        "3a iret");
    }
}
