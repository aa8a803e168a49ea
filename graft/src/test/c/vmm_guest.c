/*
 * The guest: keeps values in every place that belongs to it, gives the processor away by every kind of exit, and looks
 * whether they are still there and whether everything that was sent has arrived once, in order.
 *
 * Vector registers are loaded once and never saved by the guest, so this file may not use them otherwise.
 */
#pragma GCC target("general-regs-only")

#include "vmm.h"

#define GUEST __attribute__((section("guest"), used))
#define INLINE static inline __attribute__((always_inline))

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

_Static_assert(offsetof(struct area, interrupts) == 0, "handlers count at %gs:0");
_Static_assert(offsetof(struct area, deadline_ticks) == 64, "the timer's handler reads %gs:64");

/*
 * Faults end the vCPU, with what the processor pushed. Interrupts are counted and acknowledged (x2APIC). The timer's
 * sets the next deadline, a ping is answered to the other vCPU.
 */
asm(".pushsection guest, \"ax\"\n"
    ".balign 16\n"
    ".globl guest_faults, guest_interrupts, guest_spurious\n"
    "guest_faults:\n"
    ".set vector, 0\n"
    ".rept 32\n"
    "	.balign " NUMBER(FAULT_BYTES) "\n"
    "	push $vector\n"
    "	jmp fault\n"
    "	.set vector, vector + 1\n"
    ".endr\n"
    "fault:\n"
    "	pop %rsi\n"
    "	mov %rsp, %rdi\n"
    "	and $-16, %rsp\n"
    "	call fault_record\n"
    ".balign 16\n"
    "guest_interrupts:\n"
    ".set number, 0\n"
    ".rept 6\n"
    "	.balign " NUMBER(INTERRUPT_BYTES) "\n"
    "	push $number\n"
    "	jmp interrupt\n"
    "	.set number, number + 1\n"
    ".endr\n"
    ".balign 16\n"
    "interrupt:\n"
    "	push %rax\n"
    "	push %rcx\n"
    "	push %rdx\n"
    "	mov 24(%rsp), %rax\n"
    "	incq %gs:(,%rax,8)\n"
    "	cmp $0, %eax\n"
    "	jne 1f\n"
    "	mov %gs:64, %rcx\n"
    "	test %rcx, %rcx\n"
    "	jz 2f\n"
    "	lfence\n"
    "	rdtsc\n"
    "	shl $32, %rdx\n"
    "	or %rdx, %rax\n"
    "	add %rcx, %rax\n"
    "	mov %rax, %rdx\n"
    "	shr $32, %rdx\n"
    "	mov $0x6e0, %ecx\n"		/* IA32_TSC_DEADLINE */
    "	wrmsr\n"
    "	jmp 2f\n"
    "1:	cmp $" NUMBER(PING_VECTOR) " - " NUMBER(TIMER_VECTOR) ", %eax\n"
    "	jne 2f\n"
    "	mov %gs:72, %edx\n"		/* this vCPU's number; the other one is 1 - it */
    "	xor $1, %edx\n"
    "	mov $" NUMBER(PONG_VECTOR) ", %eax\n"
    "	mov $0x830, %ecx\n"		/* x2APIC: interrupt command */
    "	wrmsr\n"
    "2:	mov $0x80b, %ecx\n"		/* x2APIC: end of interrupt */
    "	xor %eax, %eax\n"
    "	xor %edx, %edx\n"
    "	wrmsr\n"
    "	pop %rdx\n"
    "	pop %rcx\n"
    "	pop %rax\n"
    "	add $8, %rsp\n"
    "guest_spurious:\n"
    "	iretq\n"
    ".popsection\n");

_Static_assert(offsetof(struct area, number) == 72, "the handlers of ping and of faults read %gs:72");

INLINE void outl(u16 port, u32 value)
{
	asm volatile("out %%eax, %%dx" : : "a"(value), "d"(port) : "memory");
}

INLINE void outb(u16 port, u8 value)
{
	asm volatile("out %%al, %%dx" : : "a"(value), "d"(port) : "memory");
}

INLINE u64 rdmsr(u64 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"((u32)msr));
	return (u64)high << 32 | low;
}

INLINE void wrmsr(u64 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"((u32)msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

INLINE u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

GUEST void __attribute__((noreturn)) fault_record(u64 *stack, u64 vector)
{
	struct area *area;
	u64 number;
	int i;

	asm volatile("mov %%gs:72, %0" : "=r"(number));
	area = (struct area *)AREA(number);
	for (i = 0; i < 5; i++)
		area->fault_stack[i] = stack[i];
	asm volatile("mov %%cr2, %0" : "=r"(area->fault_address));
	area->fault_vector_plus_one = vector + 1;
	for (;;)
		outb(DONE_PORT, 0);
}

GUEST static void look(struct area *area, u64 subject, u64 index, u64 expected, u64 found)
{
	struct mismatch *mismatch;

	if (expected == found)
		return;
	area->mismatches++;
	area->per_subject[subject]++;
	if (area->recorded == FIRST_MISMATCHES)
		return;
	mismatch = &area->first[area->recorded++];
	mismatch->round = area->rounds;
	mismatch->subject = subject;
	mismatch->index = index;
	mismatch->expected = expected;
	mismatch->found = found;
}

/* One instruction with a value in every general register but RAX and RDX, which are its operands, R15 and RSP. */
#define WITH_REGISTERS(name, instruction)                                                                      \
	GUEST static __attribute__((noinline, noclone)) u64 name(struct area *area, u64 rax, u64 rdx)           \
	{                                                                                                       \
		u64 *expected = area->registers_expected;                                                       \
		int i;                                                                                          \
                                                                                                                \
		asm volatile("push %%rbx\n"                                                                     \
			     "push %%rbp\n"                                                                     \
			     "push %%r15\n"                                                                     \
			     "push %[area]\n"                                                                   \
			     "mov %[area], %%r15\n"                                                             \
			     "mov 0(%%r15), %%rbx\n"                                                            \
			     "mov 8(%%r15), %%rbp\n"                                                            \
			     "mov 16(%%r15), %%rcx\n"                                                           \
			     "mov 24(%%r15), %%rsi\n"                                                           \
			     "mov 32(%%r15), %%rdi\n"                                                           \
			     "mov 40(%%r15), %%r8\n"                                                            \
			     "mov 48(%%r15), %%r9\n"                                                            \
			     "mov 56(%%r15), %%r10\n"                                                           \
			     "mov 64(%%r15), %%r11\n"                                                           \
			     "mov 72(%%r15), %%r12\n"                                                           \
			     "mov 80(%%r15), %%r13\n"                                                           \
			     "mov 88(%%r15), %%r14\n"                                                           \
			     instruction "\n"                                                                   \
			     "pop %%r15\n"                                                                      \
			     "mov %%rbx, 96(%%r15)\n"                                                           \
			     "mov %%rbp, 104(%%r15)\n"                                                          \
			     "mov %%rcx, 112(%%r15)\n"                                                          \
			     "mov %%rsi, 120(%%r15)\n"                                                          \
			     "mov %%rdi, 128(%%r15)\n"                                                          \
			     "mov %%r8, 136(%%r15)\n"                                                           \
			     "mov %%r9, 144(%%r15)\n"                                                           \
			     "mov %%r10, 152(%%r15)\n"                                                          \
			     "mov %%r11, 160(%%r15)\n"                                                          \
			     "mov %%r12, 168(%%r15)\n"                                                          \
			     "mov %%r13, 176(%%r15)\n"                                                          \
			     "mov %%r14, 184(%%r15)\n"                                                          \
			     "pop %%r15\n"                                                                      \
			     "pop %%rbp\n"                                                                      \
			     "pop %%rbx\n"                                                                      \
			     : "+a"(rax), "+d"(rdx), [area] "+c"(expected)                                      \
			     :                                                                                  \
			     : "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "memory", "cc");    \
		for (i = 0; i < GPRS; i++)                                                                      \
			look(area, GENERAL_REGISTER, i, area->registers_expected[i], area->registers_found[i]); \
		return rax;                                                                                     \
	}
_Static_assert(GPRS * 8 == 96, "what is found lies 96 bytes after what is expected");

WITH_REGISTERS(port_write, "out %%eax, %%dx")
WITH_REGISTERS(port_read, "xor %%eax, %%eax\n in %%dx, %%eax")
WITH_REGISTERS(mmio_write, "mov %%eax, (%%rdx)")
WITH_REGISTERS(mmio_read, "mov (%%rdx), %%eax")
/* An interrupt can come only once HLT is reached (SDM and APM, STI). */
WITH_REGISTERS(halt, "sti\n hlt\n cli")
/* No exit of its own: what interrupts this comes from outside. */
WITH_REGISTERS(spin, "sti\n 7: dec %%rax\n jnz 7b\n cli")

#define CONTROL(reg) ({ u64 v; asm volatile("mov %%" reg ", %0" : "=r"(v)); v; })
#define SET_CONTROL(reg, v) asm volatile("mov %0, %%" reg : : "r"((u64)(v)) : "memory")
#define EACH_VECTOR X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

INLINE void load_vectors(struct area *area)
{
	if (area->xcr0 & 4) {
#define X(n) asm volatile("vmovdqu %0, %%ymm" #n : : "m"(*(u8(*)[32])&area->vectors_expected[n * 4]));
		EACH_VECTOR
#undef X
	} else {
#define X(n) asm volatile("movups %0, %%xmm" #n : : "m"(*(u8(*)[16])&area->vectors_expected[n * 4]));
		EACH_VECTOR
#undef X
	}
}

INLINE void store_vectors(struct area *area)
{
	if (area->xcr0 & 4) {
#define X(n) asm volatile("vmovdqu %%ymm" #n ", %0" : "=m"(*(u8(*)[32])&area->vectors_found[n * 4]));
		EACH_VECTOR
#undef X
	} else {
#define X(n) asm volatile("movups %%xmm" #n ", %0" : "=m"(*(u8(*)[16])&area->vectors_found[n * 4]));
		EACH_VECTOR
#undef X
	}
}

INLINE u64 debug_value(struct area *area, int i)
{
	return pattern(area->seed, 3000 + i) & 0x7ffffff8;
}

INLINE u32 control_word(struct area *area)
{
	/* All exceptions masked; the vCPU's own rounding. */
	return 0x1f80 | (area->number ? 0x2000 : 0x4000);
}

/* The I/O APIC is in the kernel: its pins are edge-triggered here and end at vCPU 0. */
GUEST static void ioapic_pin(u32 pin, u32 vector)
{
	volatile u32 *select = (volatile u32 *)IOAPIC, *window = (volatile u32 *)(IOAPIC + 0x10);

	*select = 0x11 + 2 * pin;
	*window = 0;
	*select = 0x10 + 2 * pin;
	*window = vector;
}

GUEST static void set_up(struct area *area)
{
	u32 mxcsr = control_word(area);
	u64 i;

	/* IA32_APIC_BASE: enabled, x2APIC; then the spurious vector switches it on. */
	wrmsr(0x1b, rdmsr(0x1b) | 1 << 10 | 1 << 11);
	wrmsr(0x80f, 0x100 | SPURIOUS_VECTOR);
	for (i = 0; i < area->msr_count; i++)
		wrmsr(area->msrs[i].msr, area->msrs[i].value);
	SET_CONTROL("dr0", debug_value(area, 0));
	SET_CONTROL("dr1", debug_value(area, 1));
	SET_CONTROL("dr2", debug_value(area, 2));
	SET_CONTROL("dr3", debug_value(area, 3));
	SET_CONTROL("cr2", pattern(area->seed, 3100));
	SET_CONTROL("cr8", 1 + area->number);
	asm volatile("ldmxcsr %0" : : "m"(mxcsr));
	for (i = 0; i < VECTORS * VECTOR_WORDS; i++)
		area->vectors_expected[i] = (area->xcr0 & 4) || i % VECTOR_WORDS < 2 ? pattern(area->seed, 1000 + i) : 0;
	load_vectors(area);
	for (i = 0; i < GPRS; i++)
		area->registers_expected[i] = pattern(area->seed, 2000 + i);
	for (i = 0; i < PAGES * PAGE_WORDS; i++)
		((volatile u64 *)PAGES_AT(area->number))[i] = pattern(area->seed ^ i / PAGE_WORDS << 40, i);
	if (area->has_clock)
		wrmsr(0x4b564d01, CLOCK_PAGE(area->number) | 1);	/* MSR_KVM_SYSTEM_TIME_NEW */
	if (area->number == 0) {
		outb(0x21, 0xff);	/* no interrupt from the old controllers */
		outb(0xa1, 0xff);
		ioapic_pin(2, PIT_VECTOR);
		ioapic_pin(WIRE_GSI, WIRE_VECTOR);
		outb(0x43, 0x34);	/* channel 0, mode 2 */
		outb(0x40, PIT_DIVISOR & 0xff);
		outb(0x40, PIT_DIVISOR >> 8);
		for (i = 0; i < MOVING_BYTES / 8; i++)
			((volatile u64 *)MOVING_SLOT)[i] = pattern(area->seed, 5000 + i);
	}
	if (area->deadline_ticks) {
		wrmsr(0x832, TIMER_VECTOR | 2 << 17);
		asm volatile("mfence" : : : "memory");
		wrmsr(0x6e0, rdtsc() + area->deadline_ticks);
	} else {
		wrmsr(0x83e, 0xb);	/* divide by 1 */
		wrmsr(0x832, TIMER_VECTOR | 1 << 17);
		wrmsr(0x838, TIMER_NS);
	}
	area->last_tsc = rdtsc();
	area->ready = 1;
}

GUEST static void look_at_processor(struct area *area)
{
	u64 i;
	u32 mxcsr;

	for (i = 0; i < area->msr_count; i++)
		look(area, MSR, area->msrs[i].msr, area->msrs[i].value, rdmsr(area->msrs[i].msr));
	store_vectors(area);
	for (i = 0; i < VECTORS * VECTOR_WORDS; i++)
		if ((area->xcr0 & 4) || i % VECTOR_WORDS < 2)
			look(area, VECTOR_REGISTER, i, area->vectors_expected[i], area->vectors_found[i]);
	asm volatile("stmxcsr %0" : "=m"(mxcsr));
	look(area, CONTROL_WORD, 0, control_word(area), mxcsr);
	look(area, DEBUG_REGISTER, 0, debug_value(area, 0), CONTROL("dr0"));
	look(area, DEBUG_REGISTER, 1, debug_value(area, 1), CONTROL("dr1"));
	look(area, DEBUG_REGISTER, 2, debug_value(area, 2), CONTROL("dr2"));
	look(area, DEBUG_REGISTER, 3, debug_value(area, 3), CONTROL("dr3"));
	look(area, CONTROL_REGISTER, 2, pattern(area->seed, 3100), CONTROL("cr2"));
	look(area, CONTROL_REGISTER, 3, PML4, CONTROL("cr3"));
	look(area, CONTROL_REGISTER, 8, 1 + area->number, CONTROL("cr8"));
	if (area->xcr0) {
		u32 low, high;

		asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
		look(area, CONTROL_REGISTER, 10, area->xcr0, (u64)high << 32 | low);
	}
}

/* One page whole per round, which then gets its next pattern. */
GUEST static void look_at_memory(struct area *area)
{
	u64 page = area->rounds % PAGES, first = page * PAGE_WORDS, i;
	volatile u64 *words = (volatile u64 *)PAGES_AT(area->number) + first;
	u64 seed = area->seed ^ page << 40 ^ (u64)area->generations[page] << 48;
	u64 next = area->seed ^ page << 40 ^ (u64)(area->generations[page] + 1) << 48;

	for (i = 0; i < PAGE_WORDS; i++) {
		look(area, MEMORY, (u64)&words[i], pattern(seed, first + i), words[i]);
		words[i] = pattern(next, first + i);
	}
	area->generations[page]++;
}

/* kvm_pvclock_vcpu_time_info (Documentation/virt/kvm/x86/msr.rst). */
struct clock_page {
	u32 version, pad;
	u64 tsc, nanoseconds;
	u32 multiplier;
	signed char shift;
	u8 flags, more[2];
};

GUEST static void look_at_clocks(struct area *area)
{
	volatile struct clock_page *clock = (volatile struct clock_page *)CLOCK_PAGE(area->number);
	u64 now = rdtsc(), delta, ns;
	u32 version;

	if (now < area->last_tsc)
		look(area, TIME_STAMP, 0, area->last_tsc, now);
	else if (now - area->last_tsc > area->longest_ticks)
		area->longest_ticks = now - area->last_tsc;
	area->last_tsc = now;
	if (!area->has_clock)
		return;
	do {
		version = clock->version;
		asm volatile("lfence" : : : "memory");
		delta = rdtsc() - clock->tsc;
		delta = clock->shift < 0 ? delta >> -clock->shift : delta << clock->shift;
		ns = clock->nanoseconds + (u64)((unsigned __int128)delta * clock->multiplier >> 32);
		asm volatile("lfence" : : : "memory");
	} while ((version & 1) || version != clock->version);
	if (ns < area->last_clock)
		look(area, KVM_CLOCK, 0, area->last_clock, ns);
	area->last_clock = ns;
}

GUEST static void write_and_read_numbers(struct area *area)
{
	u64 device = MMIO + area->number * PAGE_BYTES;

	port_write(area, (u32)++area->written, WRITE_PORT + area->number);
	look(area, PORT_NUMBER, 0, (u32)++area->read, (u32)port_read(area, 0, READ_PORT + area->number));
	mmio_write(area, (u32)++area->mmio_written, device + MMIO_WRITE);
	look(area, MMIO_NUMBER, 0, (u32)++area->mmio_read, (u32)mmio_read(area, 0, device + MMIO_READ));
}

/* Of changing length, across the boundary of a page. */
GUEST static void stream(struct area *area)
{
	u8 *buffer = (u8 *)BUFFER(area->number) + PAGE_BYTES - 100;
	u64 count = 1 + pattern(area->seed, area->rounds) % 200, i, rest = count;
	u8 *at = buffer;

	for (i = 0; i < count; i++)
		((volatile u8 *)buffer)[i] = stream_byte(area->seed, area->streamed_out + i);
	asm volatile("rep outsb" : "+S"(at), "+c"(rest) : "d"(STREAM_OUT + area->number) : "memory");
	look(area, STREAM, area->streamed_out, (u64)buffer + count, (u64)at + rest);
	area->streamed_out += count;
	rest = count;
	at = buffer;
	asm volatile("rep insb" : "+D"(at), "+c"(rest) : "d"(STREAM_IN + area->number) : "memory");
	look(area, STREAM, area->streamed_in, (u64)buffer + count, (u64)at + rest);
	for (i = 0; i < count; i++)
		look(area, STREAM, area->streamed_in + i, stream_byte(~area->seed, area->streamed_in + i),
		     ((volatile u8 *)buffer)[i]);
	area->streamed_in += count;
}

/* The timer goes on meanwhile: a lost interrupt shows as a round that does not end. */
INLINE void await(struct area *area, u64 vector, u64 count)
{
	while (area->interrupts[vector - TIMER_VECTOR] < count) {
		halt(area, 0, 0);
		area->halts++;
	}
}

GUEST static void ring(struct area *area)
{
	area->rung++;
	outl(DOORBELL_PORT, 0);
	await(area, WIRE_VECTOR, area->rung);
	look(area, DOORBELL, WIRE_VECTOR, area->rung, area->interrupts[WIRE_VECTOR - TIMER_VECTOR]);
	*(volatile u32 *)(MMIO + MMIO_DOORBELL) = DOORBELL_VALUE;
	await(area, MESSAGE_VECTOR, area->rung);
	look(area, DOORBELL, MESSAGE_VECTOR, area->rung, area->interrupts[MESSAGE_VECTOR - TIMER_VECTOR]);
}

GUEST static void change(struct area *area)
{
	volatile u64 *words = (volatile u64 *)MOVING_SLOT;
	volatile u64 *rom = (volatile u64 *)ROM_SLOT;
	u64 i = area->changed % (MOVING_BYTES / 8 / PAGE_WORDS) * PAGE_WORDS + area->changed % PAGE_WORDS;

	look(area, MOVED_MEMORY, i, pattern(area->seed, 5000 + i), words[i]);
	area->changed++;
	outl(CHANGE_PORT, (u32)area->changed);
	look(area, MOVED_MEMORY, i, pattern(area->seed, 5000 + i), words[i]);
	i = area->changed % PAGE_WORDS;
	look(area, ROM, i, pattern(area->seed, 6000 + i), rom[i]);
	area->rom_writes++;
	*(volatile u32 *)&rom[i] = (u32)area->rom_writes;
	look(area, ROM, i, pattern(area->seed, 6000 + i), rom[i]);
}

GUEST static void ping(struct area *area)
{
	area->pinged++;
	wrmsr(0x830, 1UL << 32 | PING_VECTOR);
	await(area, PONG_VECTOR, area->pinged);
	look(area, PING, 0, area->pinged, area->interrupts[PONG_VECTOR - TIMER_VECTOR]);
}

GUEST static void say_round(struct area *area)
{
	char *text = (char *)BUFFER(area->number), *at = text + 20;
	u64 number = area->rounds, rest;

	*--at = '\n';
	do {
		*--at = '0' + number % 10;
		number /= 10;
	} while (number);
	*--at = ' ';
	*--at = '0' + (char)area->number;
	rest = text + 20 - at;
	asm volatile("rep outsb" : "+S"(at), "+c"(rest) : "d"(SERIAL_PORT) : "memory");
}

GUEST void guest_main(struct area *area)
{
	struct area *other = (struct area *)AREA(1 - area->number);

	set_up(area);
	while (area->vcpus > 1 && !other->ready)
		halt(area, 0, 0);
	while (!area->stop) {
		area->rounds++;
		write_and_read_numbers(area);
		stream(area);
		look_at_clocks(area);
		look_at_processor(area);
		look_at_memory(area);
		spin(area, 20000, 0);
		if (area->number == 0) {
			ring(area);
			if (area->rounds % 4 == 0 && area->vcpus > 1)
				ping(area);
			if (area->rounds % 8 == 0)
				change(area);
		}
		if (area->rounds % 64 == 0)
			say_round(area);
		if (area->rounds % 4 == 0) {
			halt(area, 0, 0);
			area->halts++;
		}
	}
	area->done = 1;
	/* Interrupts are off between rounds, but the other vCPU may still wait for an answer. */
	while (area->number == 1 && !other->done)
		halt(area, 0, 0);
	for (;;)
		outb(DONE_PORT, 0);
}
