package io.twinhype.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * An image that a boot loader for compressed kernels starts, and that holds the kernel unpacked: under Bochs unpacking
 * takes more than a minute.
 *
 * <p>The packaged image's setup part stays (it tells the loader of the protocol); its decompressor is replaced by a few
 * instructions that do what it does at its end: turn on long mode with an identity mapping and jump to the kernel's entry
 * (Documentation/arch/x86/boot.rst: "32-bit boot protocol", "64-bit boot protocol"). The kernel finds out itself where it
 * was loaded, if that is a multiple of 2 MiB.
 */
final class FlatKernel {
    private static final int SETUP_SECTORS = 0x1f1;
    private static final int PROTECTED_SIZE = 0x1f4;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final int PREFERRED_ADDRESS = 0x258;
    private static final int NEEDED_SIZE = 0x260;

    /** In front of the kernel: the code below, its descriptors at 0x100, its page tables from 0x1000 on. */
    private static final int KERNEL_AT = 0x20_0000;

    private static final int DESCRIPTORS_AT = 0x100;
    private static final int DESCRIPTORS_REGISTER_AT = 0x120;
    private static final int ENTRY_AT = 0xb5;

    /** Null, null, 64-bit code, data; the boot protocol's selectors 0x10 and 0x18. */
    private static final long[] DESCRIPTORS = {0, 0, 0x00af9a000000ffffL, 0x00cf92000000ffffL};

    /** Entered in 32-bit mode without paging, boot_params in ESI; the loader keeps to the alignment of 2 MiB. */
    private static final byte[] START = code("""
            fa                    ; cli
            fc                    ; cld
            e8 00 00 00 00        ; call   next
            5b                    ; pop    %ebx
            81 e3 00 00 e0 ff     ; and    $0xffe00000,%ebx         where this image is
            8d 83 03 20 00 00     ; lea    0x2003(%ebx),%eax
            89 83 00 10 00 00     ; mov    %eax,0x1000(%ebx)        level 4: one entry
            8d 83 03 30 00 00     ; lea    0x3003(%ebx),%eax
            8d bb 00 20 00 00     ; lea    0x2000(%ebx),%edi        level 3: four
            b9 04 00 00 00        ; mov    $0x4,%ecx
            89 07                 ; mov    %eax,(%edi)
            05 00 10 00 00        ; add    $0x1000,%eax
            83 c7 08              ; add    $0x8,%edi
            49                    ; dec    %ecx
            75 f3                 ; jne    -13
            8d bb 00 30 00 00     ; lea    0x3000(%ebx),%edi        level 2: 2048 pages of 2 MiB, 4 GiB
            b8 83 00 00 00        ; mov    $0x83,%eax
            b9 00 08 00 00        ; mov    $0x800,%ecx
            89 07                 ; mov    %eax,(%edi)
            05 00 00 20 00        ; add    $0x200000,%eax
            83 c7 08              ; add    $0x8,%edi
            49                    ; dec    %ecx
            75 f3                 ; jne    -13
            0f 20 e0              ; mov    %cr4,%eax
            83 c8 20              ; or     $0x20,%eax               PAE
            0f 22 e0              ; mov    %eax,%cr4
            8d 83 00 10 00 00     ; lea    0x1000(%ebx),%eax
            0f 22 d8              ; mov    %eax,%cr3
            b9 80 00 00 c0        ; mov    $0xc0000080,%ecx         EFER
            0f 32                 ; rdmsr
            0d 00 01 00 00        ; or     $0x100,%eax              LME
            0f 30                 ; wrmsr
            8d 83 00 01 00 00     ; lea    0x100(%ebx),%eax
            89 83 22 01 00 00     ; mov    %eax,0x122(%ebx)
            0f 01 93 20 01 00 00  ; lgdtl  0x120(%ebx)
            0f 20 c0              ; mov    %cr0,%eax
            0d 00 00 00 80        ; or     $0x80000000,%eax         PG
            0f 22 c0              ; mov    %eax,%cr0
            8d a3 00 10 00 00     ; lea    0x1000(%ebx),%esp
            6a 10                 ; push   $0x10
            8d 83 a3 00 00 00     ; lea    0xa3(%ebx),%eax
            50                    ; push   %eax
            cb                    ; lret                            into 64-bit code
            89 f6                 ; mov    %esi,%esi                boot_params, upper half cleared
            89 db                 ; mov    %ebx,%ebx
            b8 18 00 00 00        ; mov    $0x18,%eax
            8e d8                 ; mov    %eax,%ds
            8e c0                 ; mov    %eax,%es
            8e d0                 ; mov    %eax,%ss
            48 8d 83 00 00 00 00  ; lea    ENTRY(%rbx),%rax
            ff e0                 ; jmp    *%rax
            """);

    private FlatKernel() {}

    /**
     * Makes the image, or finds it in the cache.
     *
     * @param unpacked the kernel out of it, an ELF file
     * @param cache where the image is kept: the last one of each release
     */
    static Path of(LabKernel kernel, Path unpacked, Path cache) throws IOException {
        String prefix = "flat-" + kernel.release() + "-";
        Path flat = cache.resolve(prefix + Files.size(kernel.image()) + "-"
                + Files.getLastModifiedTime(kernel.image()).toMillis());
        if (Files.exists(flat)) {
            return flat;
        }
        ByteBuffer content = flatten(Files.readAllBytes(kernel.image()), Files.readAllBytes(unpacked));
        Files.createDirectories(cache);
        try (DirectoryStream<Path> earlier = Files.newDirectoryStream(cache, prefix + "*")) {
            for (Path file : earlier) {
                Files.deleteIfExists(file);
            }
        }
        Path partial = Files.createTempFile(cache, "flat-", ".partial");
        try {
            try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                while (content.hasRemaining()) {
                    channel.write(content);
                }
            }
            Files.move(partial, flat, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
        return flat;
    }

    /**
     * The image's bytes.
     *
     * @throws IllegalArgumentException if the files are not what they should be
     */
    static ByteBuffer flatten(byte[] image, byte[] unpacked) {
        ByteBuffer elf = ByteBuffer.wrap(unpacked).order(ByteOrder.LITTLE_ENDIAN);
        if (unpacked.length < 64 || elf.getInt(0) != 0x464c457f) {
            throw new IllegalArgumentException("The unpacked kernel is no ELF file.");
        }
        int headers = Math.toIntExact(elf.getLong(32));
        int size = Short.toUnsignedInt(elf.getShort(54));
        int count = Short.toUnsignedInt(elf.getShort(56));
        long lowest = Long.MAX_VALUE;
        long highest = 0;
        for (int i = 0; i < count; i++) {
            int header = headers + i * size;
            if (elf.getInt(header) == 1) {
                lowest = Math.min(lowest, elf.getLong(header + 24));
                highest = Math.max(highest, elf.getLong(header + 24) + elf.getLong(header + 40));
            }
        }
        byte[] memory = new byte[Math.toIntExact(KERNEL_AT + highest - lowest)];
        for (int i = 0; i < count; i++) {
            int header = headers + i * size;
            if (elf.getInt(header) == 1) {
                int to = Math.toIntExact(KERNEL_AT + elf.getLong(header + 24) - lowest);
                elf.get(Math.toIntExact(elf.getLong(header + 8)), memory, to, (int) elf.getLong(header + 32));
            }
        }
        start(memory, Math.toIntExact(KERNEL_AT + elf.getLong(24) - lowest));

        // What is zero at the end is the kernel's .bss, which it clears itself.
        int end = memory.length;
        while (end > KERNEL_AT && memory[end - 1] == 0) {
            end--;
        }
        end = Math.min(memory.length, (end + 15) / 16 * 16);
        int setup = (Byte.toUnsignedInt(image[SETUP_SECTORS]) + 1) * 512;
        ByteBuffer flat = ByteBuffer.allocate(setup + end).order(ByteOrder.LITTLE_ENDIAN);
        flat.put(image, 0, setup).put(memory, 0, end).flip();
        flat.putInt(PROTECTED_SIZE, end / 16);
        flat.putInt(PAYLOAD_OFFSET, 0);
        flat.putInt(PAYLOAD_LENGTH, 0);
        flat.putLong(PREFERRED_ADDRESS, lowest);
        flat.putInt(NEEDED_SIZE, memory.length);
        return flat;
    }

    private static void start(byte[] memory, int entry) {
        ByteBuffer image = ByteBuffer.wrap(memory).order(ByteOrder.LITTLE_ENDIAN);
        image.put(0, START).putInt(ENTRY_AT, entry);
        for (int i = 0; i < DESCRIPTORS.length; i++) {
            image.putLong(DESCRIPTORS_AT + 8 * i, DESCRIPTORS[i]);
        }
        image.putShort(DESCRIPTORS_REGISTER_AT, (short) (8 * DESCRIPTORS.length - 1));
    }

    /** The bytes in front of the semicolons. */
    private static byte[] code(String listing) {
        String digits = String.join(
                "",
                Arrays.stream(listing.split("\n"))
                        .map(line -> line.substring(0, line.indexOf(';')))
                        .toList());
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }
}
