/*
 * The guest: 64-bit code without an operating system. It keeps values in every
 * place that belongs to it, gives the CPU away, and looks whether they are
 * still there.
 *
 * Vector registers are loaded once and never saved by the guest, so this file
 * may not use them otherwise.
 */
#pragma GCC target("general-regs-only")

#include "layout.h"

#define GUEST __attribute__((section("guest"), used))
#define INLINE static inline __attribute__((always_inline))

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

/*
 * Faults: a page fault, #GP or the like ends the guest, with what the processor
 * pushed. SYSCALL: a handler per guest that says whose it is; it returns by a
 * jump, with the segments and flags that STAR and SFMASK gave.
 */
asm(".pushsection guest, \"ax\"\n"
    ".balign 16\n"
    ".globl guest_faults, guest_baton, guest_syscalls\n"
    "guest_faults:\n"
    ".set vector, 0\n"
    ".rept 32\n"
    "	.balign " NUMBER(FAULT_BYTES) "\n"
    "	push $vector\n"
    "	jmp fault\n"
    "	.set vector, vector + 1\n"
    ".endr\n"
    ".balign 16\n"
    "fault:\n"
    "	pop %rsi\n"
    "	mov %rsp, %rdi\n"
    "	call fault_record\n"
    ".balign 16\n"
    "guest_baton:\n"
    "	push %rax\n"
    "	push %rcx\n"
    "	push %rdx\n"
    "	mov $0x80b, %ecx\n"	/* x2APIC: end of interrupt */
    "	xor %eax, %eax\n"
    "	xor %edx, %edx\n"
    "	wrmsr\n"
    /*
     * Between STI and HLT no interrupt may come, but QEMU's emulation forgets
     * that when the host interrupts there (its VMRUN does not load the VMCB's
     * interrupt shadow): the HLT that would wait for ever is skipped.
     */
    "	cmpq $guest_hlt, 24(%rsp)\n"
    "	jne 1f\n"
    "	incq 24(%rsp)\n"
    "1:\n"
    "	pop %rdx\n"
    "	pop %rcx\n"
    "	pop %rax\n"
    "	iretq\n"
    ".balign 16\n"
    "guest_syscalls:\n"
    ".set number, 0\n"
    ".rept " NUMBER(MAX_GUESTS) "\n"
    "	.balign " NUMBER(SYSCALL_BYTES) "\n"
    "	mov $number, %eax\n"
    "	jmp syscall_common\n"
    "	.set number, number + 1\n"
    ".endr\n"
    "syscall_common:\n"
    "	pushf\n"
    "	pop %rdx\n"
    "	mov %cs, %esi\n"
    "	mov %ss, %edi\n"
    "	jmp *%rcx\n"
    ".popsection\n");

INLINE void out(u16 port)
{
	asm volatile("out %%al, %%dx" : : "a"(0), "d"(port) : "memory");
}

GUEST void __attribute__((noreturn)) fault_record(u64 *stack, u64 vector)
{
	struct area *area = (struct area *)AREA;
	int i;

	area->fault_vector_plus_one = vector + 1;
	for (i = 0; i < 5; i++)
		area->fault_stack[i] = stack[i];
	for (;;)
		out(DONE_PORT);
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

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

INLINE void cpuid(void)
{
	u32 a = 0, c = 0;

	asm volatile("cpuid" : "+a"(a), "+c"(c) : : "rbx", "rdx", "memory");
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

/* Registers. */

#define CONTROL(reg) ({ u64 v; asm volatile("mov %%" reg ", %0" : "=r"(v)); v; })
#define SET_CONTROL(reg, v) asm volatile("mov %0, %%" reg : : "r"((u64)(v)) : "memory")

INLINE void vectors(struct area *area, int store)
{
	/* Bits 1 and 2 of XCR0: SSE and AVX. */
	if (area->xcr0 & 4) {
		if (store) {
#define X(n) asm volatile("vmovdqu %%ymm" #n ", %0" : "=m"(*(u8(*)[32])&area->vectors_found[n * 4]));
			X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#undef X
		} else {
#define X(n) asm volatile("vmovdqu %0, %%ymm" #n : : "m"(*(u8(*)[32])&area->vectors_expected[n * 4]));
			X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#undef X
		}
	} else if (store) {
#define X(n) asm volatile("movups %%xmm" #n ", %0" : "=m"(*(u8(*)[16])&area->vectors_found[n * 4]));
		X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#undef X
	} else {
#define X(n) asm volatile("movups %0, %%xmm" #n : : "m"(*(u8(*)[16])&area->vectors_expected[n * 4]));
		X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#undef X
	}
}

GUEST static void set_up(struct area *area)
{
	u64 i;

	/* IA32_APIC_BASE: enabled, x2APIC; then the spurious vector switches it on. */
	wrmsr(0x1b, rdmsr(0x1b) | 1 << 10 | 1 << 11);
	wrmsr(0x80f, 0x1ff);
	for (i = 0; i < area->msr_count; i++)
		wrmsr(area->msrs[i].msr, area->msrs[i].value);
	SET_CONTROL("dr0", area->debug[0]);
	SET_CONTROL("dr1", area->debug[1]);
	SET_CONTROL("dr2", area->debug[2]);
	SET_CONTROL("dr3", area->debug[3]);
	SET_CONTROL("cr2", area->fault_address);
	SET_CONTROL("cr8", area->task_priority);
	asm volatile("ldmxcsr %0" : : "m"(area->mxcsr));
	for (i = 0; i < VECTORS * VECTOR_WORDS; i++) {
		area->vectors_expected[i] = 0;
		area->vectors_found[i] = 0;
		if ((area->xcr0 & 4) || i % VECTOR_WORDS < 2)
			area->vectors_expected[i] = pattern(area->seed, 1000 + i);
	}
	vectors(area, 0);
	for (i = 0; i < GPRS; i++)
		area->registers_expected[i] = pattern(area->seed, 2000 + i);
	if (area->has_clock)
		wrmsr(0x4b564d01, CLOCK_PAGE | 1);	/* MSR_KVM_SYSTEM_TIME_NEW */
}

/* Gives the CPU away with a value in every general register but RAX, RDX, R15 and RSP. */
GUEST static __attribute__((noinline, noclone)) void wait(struct area *area)
{
	int i;

	asm volatile(
		"push %%rbx\n"
		"push %%rbp\n"
		"push %[area]\n"
		"mov %[area], %%rax\n"
		"mov 0(%%rax), %%rbx\n"
		"mov 8(%%rax), %%rbp\n"
		"mov 16(%%rax), %%rcx\n"
		"mov 24(%%rax), %%rsi\n"
		"mov 32(%%rax), %%rdi\n"
		"mov 40(%%rax), %%r8\n"
		"mov 48(%%rax), %%r9\n"
		"mov 56(%%rax), %%r10\n"
		"mov 64(%%rax), %%r11\n"
		"mov 72(%%rax), %%r12\n"
		"mov 80(%%rax), %%r13\n"
		"mov 88(%%rax), %%r14\n"
		/* An interrupt can come only once HLT is reached (SDM and APM, STI). */
		"sti\n"
		"guest_hlt: hlt\n"
		"cli\n"
		"pop %%rax\n"
		"add %[found], %%rax\n"
		"mov %%rbx, 0(%%rax)\n"
		"mov %%rbp, 8(%%rax)\n"
		"mov %%rcx, 16(%%rax)\n"
		"mov %%rsi, 24(%%rax)\n"
		"mov %%rdi, 32(%%rax)\n"
		"mov %%r8, 40(%%rax)\n"
		"mov %%r9, 48(%%rax)\n"
		"mov %%r10, 56(%%rax)\n"
		"mov %%r11, 64(%%rax)\n"
		"mov %%r12, 72(%%rax)\n"
		"mov %%r13, 80(%%rax)\n"
		"mov %%r14, 88(%%rax)\n"
		"pop %%rbp\n"
		"pop %%rbx\n"
		:
		: [area] "d"(area->registers_expected),
		  [found] "i"(sizeof(area->registers_expected))
		: "rax", "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "memory", "cc");
	area->halts++;
	for (i = 0; i < GPRS; i++)
		look(area, GENERAL_REGISTER, i, area->registers_expected[i], area->registers_found[i]);
}

GUEST static void look_at_syscall(struct area *area)
{
	/* IOPL, AC, ID, and the bit that is always set. */
	const u64 set = 0x243002;
	u64 number, flags = set, cs, ss;

	asm volatile("pushf\n"
		     "push %%rdx\n"
		     "popf\n"
		     "syscall\n"
		     "popf\n"
		     : "=a"(number), "+d"(flags), "=S"(cs), "=D"(ss)
		     :
		     : "rcx", "r11", "memory", "cc");
	look(area, SYSCALL_TARGET, 0, area->number, number);
	look(area, SYSCALL_CS, 0, STAR_SELECTORS + 16 * area->number, cs & 0xffff);
	look(area, SYSCALL_SS, 0, STAR_SELECTORS + 16 * area->number + 8, ss & 0xffff);
	look(area, SYSCALL_FLAGS, 0, set & ~area->syscall_flags, flags & set);
}

GUEST static void look_at_processor(struct area *area)
{
	u64 i;
	u32 mxcsr;

	if (area->has_tsc_aux) {
		u32 aux;

		asm volatile("rdtscp" : "=c"(aux) : : "rax", "rdx");
		/* The first in the list, see ring.c. */
		look(area, TSC_AUX, 0, area->msrs[0].value, aux);
	}
	look_at_syscall(area);
	for (i = 0; i < area->msr_count; i++)
		look(area, MSR, area->msrs[i].msr, area->msrs[i].value, rdmsr(area->msrs[i].msr));
	vectors(area, 1);
	for (i = 0; i < VECTORS * VECTOR_WORDS; i++)
		look(area, VECTOR_REGISTER, i, area->vectors_expected[i], area->vectors_found[i]);
	asm volatile("stmxcsr %0" : "=m"(mxcsr));
	look(area, CONTROL_WORD, 0, area->mxcsr, mxcsr);
	look(area, DEBUG_REGISTER, 0, area->debug[0], CONTROL("dr0"));
	look(area, DEBUG_REGISTER, 1, area->debug[1], CONTROL("dr1"));
	look(area, DEBUG_REGISTER, 2, area->debug[2], CONTROL("dr2"));
	look(area, DEBUG_REGISTER, 3, area->debug[3], CONTROL("dr3"));
	look(area, CONTROL_REGISTER, 2, area->fault_address, CONTROL("cr2"));
	look(area, CONTROL_REGISTER, 3, PML4, CONTROL("cr3"));
	look(area, CONTROL_REGISTER, 8, area->task_priority, CONTROL("cr8"));
	if (area->xcr0) {
		u32 low, high;

		asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
		look(area, CONTROL_REGISTER, 10, area->xcr0, (u64)high << 32 | low);
	}
}

/* Memory: the first word of every page, and one page whole, which then gets its next pattern. */

INLINE u64 *page_of(u64 page)
{
	return (u64 *)(WINDOW + page * PAGE_BYTES);
}

GUEST static void fill(struct area *area, u64 page)
{
	u64 seed = page_seed(area->seed, page, area->generations[page]);
	volatile u64 *words = page_of(page);
	u64 i;

	for (i = 0; i < PAGE_WORDS; i++)
		words[i] = pattern(seed, i);
}

GUEST static void look_at_memory(struct area *area)
{
	u64 page, i, seed;
	volatile u64 *words;

	for (page = 0; page < area->pages; page++) {
		seed = page_seed(area->seed, page, area->generations[page]);
		words = page_of(page);
		look(area, MEMORY, (u64)words, pattern(seed, 0), words[0]);
	}
	page = area->rounds % area->pages;
	seed = page_seed(area->seed, page, area->generations[page]);
	words = page_of(page);
	for (i = 0; i < PAGE_WORDS; i++)
		look(area, MEMORY, (u64)&words[i], pattern(seed, i), words[i]);
	area->generations[page]++;
	fill(area, page);
}

/* Clocks. */

GUEST static void look_at_clocks(struct area *area)
{
	volatile struct clock_page *clock = (volatile struct clock_page *)CLOCK_PAGE;
	u64 now = rdtsc();
	u64 delta, ns;
	u32 version;

	if (now < area->last_time_stamp)
		look(area, TIME_STAMP, 0, area->last_time_stamp, now);
	area->last_time_stamp = now;
	if (!area->has_clock)
		return;
	do {
		version = clock->version;
		delta = rdtsc() - clock->tsc;
		delta = clock->shift >= 0 ? delta << clock->shift : delta >> -clock->shift;
		ns = clock->nanoseconds + (u64)((unsigned __int128)delta * clock->multiplier >> 32);
	} while ((version & 1) || version != clock->version);
	if (ns < area->last_clock)
		look(area, KVM_CLOCK, 0, area->last_clock, ns);
	area->last_clock = ns;
}

/* Waits for the baton, looks at everything, and passes the baton on. */
GUEST void guest_ring(struct area *area)
{
	u64 i;

	set_up(area);
	for (i = 0; i < area->pages; i++)
		fill(area, i);
	area->ready = 1;
	for (;;) {
		wait(area);
		look_at_processor(area);
		for (i = 0; i < area->cpuids; i++)
			cpuid();
		area->exits += area->cpuids;
		look_at_memory(area);
		look_at_clocks(area);
		area->rounds++;
		if (area->stop)
			break;
		if (area->pause_every && area->rounds % area->pause_every == 0) {
			area->pauses++;
			out(PAUSE_PORT);
			look_at_processor(area);
		}
		out(BATON_PORT);
	}
	out(BATON_PORT);
	for (;;)
		out(DONE_PORT);
}

/* Measures one kind of exit, again and again. */
GUEST void guest_exits(struct area *area)
{
	for (;;) {
		u64 i, start = rdtsc();

		for (i = 0; i < area->count; i++)
			cpuid();
		area->ticks = rdtsc() - start;
		out(PAUSE_PORT);
	}
}
