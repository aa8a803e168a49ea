package io.twinhype.twin;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The canary guest's memory: a program of a few instructions in 32-bit protected mode without paging, and the tables it
 * needs. It reports by writing EAX to ports, and ends in HLT. Protected mode, because INVLPGA is not valid in real mode
 * (AMD64 Architecture Programmer's Manual, volume 3).
 */
final class CanaryCode {
    static final int CPUID_PORT = 0x20;
    static final int MSR_LOW_PORT = 0x21;
    static final int MSR_HIGH_PORT = 0x22;
    static final int INVLPGA_PORT = 0x23;
    static final int FAULT_PORT = 0x24;

    static final int UD_VECTOR = 6;
    static final int GP_VECTOR = 13;

    static final int MEMORY_BYTES = 0x4000;
    static final int START = 0x1000;
    static final int STACK = 0x3000;
    static final int GDT = 0x500;
    static final int GDT_BYTES = 3 * 8;
    static final int IDT = 0x600;
    static final int IDT_BYTES = (GP_VECTOR + 1) * 8;
    static final int CODE_SELECTOR = 0x08;
    static final int DATA_SELECTOR = 0x10;

    /** Flat 4 GiB segments: base 0, limit 0xfffff pages, 32 bits; present, ring 0; code (0x9b) or data (0x93). */
    private static final long CODE_DESCRIPTOR = 0x00cf9b000000ffffL;

    private static final long DATA_DESCRIPTOR = 0x00cf93000000ffffL;

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();

    private CanaryCode() {}

    /** Writes program and tables into the guest's memory, which begins at guest-physical address 0. */
    static void write(MemorySegment memory) {
        new CanaryCode().assemble(memory);
    }

    private void assemble(MemorySegment memory) {
        emit(0x31, 0xC0); //                     xor eax, eax
        emit(0x0F, 0xA2); //                     cpuid
        emit(0x89, 0xD8); //                     mov eax, ebx
        emit(0xE7, CPUID_PORT); //               out CPUID_PORT, eax

        // The handlers go on at EBP: where to is known once the two instructions under test are placed.
        int rdmsr = code.size() + 5;
        emit(0xBD);
        emit32(START + rdmsr + 10); //           mov ebp, after_rdmsr
        emit(0x89, 0xF1); //                     mov ecx, esi       (the host puts the MSR's number into ESI)
        emit(0x0F, 0x32); //                     rdmsr
        emit(0xE7, MSR_LOW_PORT); //             out MSR_LOW_PORT, eax
        emit(0x89, 0xD0); //                     mov eax, edx
        emit(0xE7, MSR_HIGH_PORT); //            out MSR_HIGH_PORT, eax
        expectSize(rdmsr + 10); //         after_rdmsr:

        int invlpga = code.size() + 5;
        emit(0xBD);
        emit32(START + invlpga + 9); //          mov ebp, after_invlpga
        emit(0x31, 0xC0); //                     xor eax, eax       (an address nothing uses)
        emit(0x31, 0xC9); //                     xor ecx, ecx       (ASID 0)
        emit(0x0F, 0x01, 0xDF); //               invlpga eax, ecx
        emit(0xE7, INVLPGA_PORT); //             out INVLPGA_PORT, eax
        expectSize(invlpga + 9); //        after_invlpga:
        emit(0xF4); //                           hlt

        int generalProtection = START + code.size();
        emit(0x83, 0xC4, 0x04); //               add esp, 4         (#GP pushes an error code)
        emit(0xB8);
        emit32(GP_VECTOR); //                    mov eax, GP_VECTOR
        emit(0xEB, 0x05); //                     jmp report
        int undefinedOpcode = START + code.size();
        emit(0xB8);
        emit32(UD_VECTOR); //                    mov eax, UD_VECTOR
        emit(0xE7, FAULT_PORT); //         report: out FAULT_PORT, eax
        emit(0x89, 0x2C, 0x24); //               mov [esp], ebp
        emit(0xCF); //                           iret

        byte[] program = code.toByteArray();
        MemorySegment.copy(program, 0, memory, ValueLayout.JAVA_BYTE, START, program.length);
        memory.set(ValueLayout.JAVA_LONG, GDT + CODE_SELECTOR, CODE_DESCRIPTOR);
        memory.set(ValueLayout.JAVA_LONG, GDT + DATA_SELECTOR, DATA_DESCRIPTOR);
        memory.set(ValueLayout.JAVA_LONG, IDT + UD_VECTOR * 8L, gate(undefinedOpcode));
        memory.set(ValueLayout.JAVA_LONG, IDT + GP_VECTOR * 8L, gate(generalProtection));
    }

    /** A present 32-bit interrupt gate (type 0x8e): offset 15..0, selector, type, offset 31..16. */
    private static long gate(int handler) {
        return (handler & 0xffffL) | ((long) CODE_SELECTOR << 16) | (0x8e00L << 32) | ((long) (handler >>> 16) << 48);
    }

    private void emit(int... bytes) {
        for (int each : bytes) {
            code.write(each);
        }
    }

    private void emit32(int value) {
        emit(value & 0xff, value >>> 8 & 0xff, value >>> 16 & 0xff, value >>> 24);
    }

    private void expectSize(int size) {
        if (code.size() != size) {
            throw new AssertionError("the canary's code has " + code.size() + " bytes where " + size + " were counted");
        }
    }
}
