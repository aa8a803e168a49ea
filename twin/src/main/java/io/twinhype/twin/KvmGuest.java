package io.twinhype.twin;

import io.twinhype.linux.Fd;
import io.twinhype.linux.Ioctl;
import io.twinhype.linux.LinuxException;
import io.twinhype.linux.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A guest with one vCPU and one piece of memory, straight on a KVM device. Requests and layouts after
 * include/uapi/linux/kvm.h, arch/x86/include/uapi/asm/kvm.h and Documentation/virt/kvm/api.rst.
 */
final class KvmGuest implements AutoCloseable {
    private static final int KVMIO = 0xAE;
    private static final long GET_API_VERSION = Ioctl.none(KVMIO, 0x00);
    private static final long CREATE_VM = Ioctl.none(KVMIO, 0x01);
    private static final long GET_VCPU_MMAP_SIZE = Ioctl.none(KVMIO, 0x04);
    private static final long GET_SUPPORTED_CPUID = Ioctl.readWrite(KVMIO, 0x05, 8);
    private static final long CREATE_VCPU = Ioctl.none(KVMIO, 0x41);
    private static final long SET_USER_MEMORY_REGION = Ioctl.write(KVMIO, 0x46, 32);
    private static final long RUN = Ioctl.none(KVMIO, 0x80);
    private static final long SET_REGS = Ioctl.write(KVMIO, 0x82, 144);
    private static final long GET_SREGS = Ioctl.read(KVMIO, 0x83, 312);
    private static final long SET_SREGS = Ioctl.write(KVMIO, 0x84, 312);
    private static final long SET_CPUID2 = Ioctl.write(KVMIO, 0x90, 8);

    private static final int API_VERSION = 12;
    private static final int CPUID_ENTRIES = 256;
    private static final int CPUID_ENTRY_BYTES = 40;
    private static final int CR0_PE = 1;

    /** What made the vCPU leave the guest. */
    sealed interface Exit {
        /** The guest wrote a 32-bit value to a port. */
        record PortWrite(int port, int value) implements Exit {}

        /** The guest halted. */
        record Halt() implements Exit {}

        /** Anything else, such as a triple fault. */
        record Other(int reason) implements Exit {}
    }

    private final Deque<AutoCloseable> resources = new ArrayDeque<>();
    private final Path device;
    private final Fd vcpu;
    private final MemorySegment run;
    private final MemorySegment memory;
    private int vendor;

    /** Creates the guest with zeroed memory at guest-physical address 0; it does not run yet. */
    KvmGuest(Path device, int memoryBytes) throws LinuxException, CanaryException {
        this.device = device;
        try {
            Fd kvm = keep(Fd.open(device, Fd.O_RDWR));
            int version = kvm.ioctl("KVM_GET_API_VERSION", GET_API_VERSION, 0);
            if (version != API_VERSION) {
                throw new CanaryException(device + " speaks version " + version + " of KVM's API, not " + API_VERSION
                        + "; is it a KVM device?");
            }
            Fd vm = keep(kvm.ioctlForFd("KVM_CREATE_VM", CREATE_VM, 0));
            memory = keep(Mapping.anonymous(memoryBytes)).memory();
            addMemory(vm, memory);
            vcpu = keep(vm.ioctlForFd("KVM_CREATE_VCPU", CREATE_VCPU, 0));
            run = keep(vcpu.map(kvm.ioctl("KVM_GET_VCPU_MMAP_SIZE", GET_VCPU_MMAP_SIZE, 0)))
                    .memory();
            setCpuid(kvm);
        } catch (LinuxException | CanaryException | RuntimeException e) {
            closeAfter(e);
            throw e;
        }
    }

    MemorySegment memory() {
        return memory;
    }

    /** What CPUID function 0 returns in EBX: the first four letters of the processor's vendor. */
    int vendor() {
        return vendor;
    }

    /** Puts the vCPU into flat 32-bit protected mode at the start of {@link CanaryCode}, with ESI as given. */
    void start(int esi) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sregs = arena.allocate(312, 8);
            vcpu.ioctl("KVM_GET_SREGS", GET_SREGS, sregs);
            segment(sregs.asSlice(0, 24), CanaryCode.CODE_SELECTOR, 0xb);
            for (int offset = 24; offset < 6 * 24; offset += 24) { // ds, es, fs, gs, ss
                segment(sregs.asSlice(offset, 24), CanaryCode.DATA_SELECTOR, 0x3);
            }
            table(sregs.asSlice(192, 16), CanaryCode.GDT, CanaryCode.GDT_BYTES);
            table(sregs.asSlice(208, 16), CanaryCode.IDT, CanaryCode.IDT_BYTES);
            long cr0 = sregs.get(ValueLayout.JAVA_LONG, 224);
            sregs.set(ValueLayout.JAVA_LONG, 224, cr0 | CR0_PE);
            vcpu.ioctl("KVM_SET_SREGS", SET_SREGS, sregs);

            MemorySegment regs = arena.allocate(144, 8);
            regs.set(ValueLayout.JAVA_LONG, 4 * 8, Integer.toUnsignedLong(esi));
            regs.set(ValueLayout.JAVA_LONG, 6 * 8, CanaryCode.STACK);
            regs.set(ValueLayout.JAVA_LONG, 16 * 8, CanaryCode.START);
            regs.set(ValueLayout.JAVA_LONG, 17 * 8, 2); // RFLAGS: only the bit that is always set.
            vcpu.ioctl("KVM_SET_REGS", SET_REGS, regs);
        }
    }

    /** Runs the vCPU until it leaves the guest. */
    Exit run() throws LinuxException {
        vcpu.ioctl("KVM_RUN", RUN, 0);
        final int io = 2;
        final int halt = 5;
        int reason = run.get(ValueLayout.JAVA_INT, 8);
        boolean out = run.get(ValueLayout.JAVA_BYTE, 32) == 1;
        return switch (reason) {
            case io ->
                out && run.get(ValueLayout.JAVA_BYTE, 33) == Integer.BYTES
                        ? new Exit.PortWrite(
                                Short.toUnsignedInt(run.get(ValueLayout.JAVA_SHORT, 34)),
                                run.get(ValueLayout.JAVA_INT_UNALIGNED, run.get(ValueLayout.JAVA_LONG, 40)))
                        : new Exit.Other(reason);
            case halt -> new Exit.Halt();
            default -> new Exit.Other(reason);
        };
    }

    @Override
    public void close() throws LinuxException {
        while (!resources.isEmpty()) {
            switch (resources.pop()) {
                case Fd fd -> fd.close();
                case Mapping mapping -> mapping.close();
                case AutoCloseable other -> throw new AssertionError("nothing else is kept: " + other);
            }
        }
    }

    @Override
    public String toString() {
        return "a guest on " + device;
    }

    private static void addMemory(Fd vm, MemorySegment memory) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment region = arena.allocate(32, 8);
            region.set(ValueLayout.JAVA_LONG, 16, memory.byteSize());
            region.set(ValueLayout.JAVA_LONG, 24, memory.address());
            vm.ioctl("KVM_SET_USER_MEMORY_REGION", SET_USER_MEMORY_REGION, region);
        }
    }

    /** Gives the vCPU all that the hypervisor supports. */
    private void setCpuid(Fd kvm) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cpuid = arena.allocate(8 + CPUID_ENTRIES * CPUID_ENTRY_BYTES, 8);
            cpuid.set(ValueLayout.JAVA_INT, 0, CPUID_ENTRIES);
            kvm.ioctl("KVM_GET_SUPPORTED_CPUID", GET_SUPPORTED_CPUID, cpuid);
            int entries = cpuid.get(ValueLayout.JAVA_INT, 0);
            for (int entry = 0; entry < entries; entry++) {
                MemorySegment each = cpuid.asSlice(8 + (long) entry * CPUID_ENTRY_BYTES, CPUID_ENTRY_BYTES);
                if (each.get(ValueLayout.JAVA_INT, 0) == 0) {
                    vendor = each.get(ValueLayout.JAVA_INT, 16);
                }
            }
            vcpu.ioctl("KVM_SET_CPUID2", SET_CPUID2, cpuid);
        }
    }

    /** {@code struct kvm_segment}: base, limit, selector, type, present, dpl, db, s, l, g, avl, unusable. */
    private static void segment(MemorySegment segment, int selector, int type) {
        segment.fill((byte) 0);
        segment.set(ValueLayout.JAVA_INT, 8, 0xffffffff);
        segment.set(ValueLayout.JAVA_SHORT, 12, (short) selector);
        segment.set(ValueLayout.JAVA_BYTE, 14, (byte) type);
        segment.set(ValueLayout.JAVA_BYTE, 15, (byte) 1); // present
        segment.set(ValueLayout.JAVA_BYTE, 17, (byte) 1); // db: 32 bits
        segment.set(ValueLayout.JAVA_BYTE, 18, (byte) 1); // s: code or data
        segment.set(ValueLayout.JAVA_BYTE, 20, (byte) 1); // g: the limit counts pages
    }

    /** {@code struct kvm_dtable}: base, limit. */
    private static void table(MemorySegment table, long base, int bytes) {
        table.set(ValueLayout.JAVA_LONG, 0, base);
        table.set(ValueLayout.JAVA_SHORT, 8, (short) (bytes - 1));
    }

    private <T extends AutoCloseable> T keep(T resource) {
        resources.push(resource);
        return resource;
    }

    private void closeAfter(Exception failure) {
        try {
            close();
        } catch (LinuxException e) {
            failure.addSuppressed(e);
        }
    }
}
