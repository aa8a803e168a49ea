/*
 * What host and guest of the checker agree on: where things are in the
 * guest's memory, and what they tell each other there.
 *
 * A guest has 8 MiB of memory at guest-physical address 0, mapped at the same
 * virtual addresses. The guest's code is a section of this very program, copied
 * to where it is linked: hence a static program that is not relocated.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define MEMORY_BYTES	0x800000UL
#define PAGE_BYTES	4096UL
#define PAGE_WORDS	(PAGE_BYTES / 8)

#define PML4		0x1000UL
#define PDPT		0x2000UL
#define PD_LOW		0x3000UL
#define PD_WINDOW	0x4000UL
#define PT_WINDOW	0x5000UL
#define GDT		0x6000UL
#define IDT		0x7000UL
#define STACK_TOP	0xf000UL
#define CLOCK_PAGE	0xf000UL
#define AREA		0x10000UL

/* The program is linked at 4 MiB; the window's pages lie below it. */
#define PAGES_AT	0x100000UL
#define MAX_PAGES	512

/*
 * The same virtual addresses in every guest, with other contents in each:
 * page I of the window lies at page (I * 5 + number) of those at PAGES_AT.
 */
#define WINDOW		0x40000000UL

#define CODE_SELECTOR	0x08
#define DATA_SELECTOR	0x10
/* Pairs of code and data segments, of which each guest's STAR names one. */
#define STAR_SELECTORS	0x18
#define MAX_GUESTS	16
#define GDT_ENTRIES	(3 + 2 * MAX_GUESTS)

#define BATON_PORT	0x500	/* an ioeventfd: goes to the next guest, in the kernel */
#define PAUSE_PORT	0x501	/* to user space and back */
#define DONE_PORT	0x502	/* the guest has ended */

#define BATON_VECTOR	0x40

#define GPRS		12
#define VECTORS		16
#define VECTOR_WORDS	4
#define MAX_MSRS	16
#define FIRST_MISMATCHES 8

/* What a guest looked at. */
enum subject {
	MSR = 1,	/* index: its number; read by RDMSR */
	TSC_AUX,	/* read by RDTSCP: what is in the processor */
	SYSCALL_TARGET,	/* number of the guest in whose handler SYSCALL ended */
	SYSCALL_CS,	/* as STAR has it */
	SYSCALL_SS,
	SYSCALL_FLAGS,	/* as SFMASK leaves them */
	VECTOR_REGISTER, /* index: register * 4 + its 64-bit word */
	CONTROL_WORD,	/* MXCSR */
	DEBUG_REGISTER,	/* index: its number */
	CONTROL_REGISTER, /* index: its number; 8 is CR8, 10 is XCR0 */
	GENERAL_REGISTER, /* index: in the order of guest.c's wait */
	MEMORY,		/* index: virtual address */
	TIME_STAMP,	/* RDTSC went back: expected at least */
	KVM_CLOCK,	/* the paravirtual clock, ns, went back: expected at least */
	SUBJECTS
};

struct mismatch {
	u64 round, subject, index, expected, found;
};

struct msr_value {
	u64 msr, value;
};

/* kvm_pvclock_vcpu_time_info (Documentation/virt/kvm/x86/msr.rst). */
struct clock_page {
	u32 version, pad;
	u64 tsc, nanoseconds;
	u32 multiplier;
	signed char shift;
	u8 flags, more[2];
};

struct area {
	/* The host's, before the guest starts. */
	u64 number;		/* of the guest, 0 to MAX_GUESTS - 1 */
	u64 seed;
	u64 pages;		/* in the window */
	u64 pause_every;	/* rounds between two trips to user space; 0: none */
	u64 cpuids;		/* exits in a round */
	u64 xcr0;		/* 0: no XSAVE */
	u64 has_tsc_aux;
	u64 has_clock;
	u64 msr_count;
	struct msr_value msrs[MAX_MSRS];
	u64 syscall_flags;	/* what SFMASK clears */
	u64 debug[4];
	u64 fault_address;	/* CR2 */
	u64 task_priority;	/* CR8 */
	u64 mxcsr;
	u64 count;		/* of the guest that only counts exits */

	/* The host's, at any time. */
	volatile u64 stop;

	/* The guest's. */
	volatile u64 ready;	/* its interrupt controller is on */
	volatile u64 rounds;
	u64 exits;		/* CPUID instructions */
	u64 halts;
	u64 pauses;
	u64 mismatches;
	u64 per_subject[SUBJECTS];
	u64 recorded;
	struct mismatch first[FIRST_MISMATCHES];
	u64 last_time_stamp;
	u64 last_clock;
	u64 ticks;
	u64 fault_vector_plus_one;
	u64 fault_stack[5];
	u64 registers_expected[GPRS];
	u64 registers_found[GPRS];
	u64 vectors_expected[VECTORS * VECTOR_WORDS];
	u64 vectors_found[VECTORS * VECTOR_WORDS];
	u32 generations[MAX_PAGES];
};

/* Differs from word to word, page to page, guest to guest and time to time. */
static inline __attribute__((always_inline)) u64 pattern(u64 seed, u64 place)
{
	u64 x = (seed + place) * 0x9e3779b97f4a7c15UL;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9UL;
	return x ^ x >> 32;
}

static inline __attribute__((always_inline)) u64 page_seed(u64 seed, u64 page, u64 generation)
{
	return seed ^ page << 40 ^ generation << 52;
}

/* Entry points in the guest's section; RDI points to the area. */
void guest_ring(struct area *area);
void guest_exits(struct area *area);
extern u8 guest_faults[];	/* 32 of FAULT_BYTES */
extern u8 guest_syscalls[];	/* MAX_GUESTS of SYSCALL_BYTES */
extern u8 guest_baton[];
#define FAULT_BYTES	16
#define SYSCALL_BYTES	16

#endif
