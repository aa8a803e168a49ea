/*
 * A VMM that is not like QEMU, as a fixture for the tests of the graft library: what its host side and its guest agree
 * on, and what its files share.
 *
 * The guest is 64-bit code without an operating system. It has 8 MiB of memory at guest-physical address 0, mapped at
 * the same virtual addresses; its code is a section of this very program, copied to where it is linked: hence a program
 * that is not relocated. It is linked dynamically, or nothing could be preloaded.
 */
#ifndef VMM_H
#define VMM_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define MAX_VCPUS	2
#define PAGE_BYTES	4096UL
#define PAGE_WORDS	(PAGE_BYTES / 8)
#define MEMORY_BYTES	0x800000UL

/* Guest-physical addresses; the program is linked at 4 MiB. */
#define PML4		0x1000UL
#define PDPT		0x2000UL
#define PD_LOW		0x3000UL	/* 0 to 1 GiB */
#define PD_OTHER	0x4000UL	/* 1 to 2 GiB: the slot that moves, the read-only slot */
#define PD_DEVICES	0x5000UL	/* 3 to 4 GiB */
#define GDT		0x6000UL
#define IDT		0x7000UL
#define CLOCK_PAGE(cpu)	(0x8000UL + (cpu) * PAGE_BYTES)
#define STACK_TOP(cpu)	(0x14000UL + (cpu) * 0x4000UL)
#define AREA(cpu)	(0x20000UL + (cpu) * 0x8000UL)
#define BUFFER(cpu)	(0x40000UL + (cpu) * 0x4000UL)
#define PAGES_AT(cpu)	(0x100000UL + (cpu) * 0x100000UL)
#define PAGES		64UL

#define MOVING_SLOT	0x40000000UL	/* its memory on the host is exchanged while the guest runs */
#define MOVING_BYTES	0x40000UL
#define ROM_SLOT	0x40200000UL	/* read-only: a write to it goes to the VMM */
#define ROM_BYTES	PAGE_BYTES
#define LOGGED_SLOT	0x50000000UL	/* nobody is there: its size and its dirty log come and go */
#define LOGGED_BYTES	0x100000UL
#define MMIO		0xd0000000UL	/* no memory: the VMM's device, one page per vCPU */
#define MMIO_WRITE	0x00		/* takes the vCPU's next number */
#define MMIO_READ	0x08		/* gives the vCPU's next number */
#define MMIO_DOORBELL	0x10		/* an ioeventfd that only DOORBELL_VALUE rings */
#define DOORBELL_VALUE	0x600du
#define IOAPIC		0xfec00000UL

/* Ports. Those with a plus have one per vCPU. */
#define SERIAL_PORT	0x3f8		/* bytes of text, by OUT and by REP OUTSB */
#define WRITE_PORT	0x500		/* + takes the vCPU's next number, 32 bits */
#define READ_PORT	0x508		/* + gives the vCPU's next number, 32 bits */
#define STREAM_OUT	0x510		/* + REP OUTSB: byte I of the vCPU's stream is stream_byte(seed, I) */
#define STREAM_IN	0x518		/* + REP INSB: the same the other way */
#define DOORBELL_PORT	0x520		/* an ioeventfd */
#define CHANGE_PORT	0x524		/* the VMM changes slots, routes and eventfds */
#define DONE_PORT	0x528		/* the vCPU has ended */

#define CODE_SELECTOR	0x08
#define DATA_SELECTOR	0x10

#define TIMER_VECTOR	0x50
#define PIT_VECTOR	0x51
#define WIRE_VECTOR	0x52		/* an irqfd on a pin of the I/O APIC */
#define MESSAGE_VECTOR	0x53		/* an irqfd with a route to an MSI */
#define PING_VECTOR	0x54		/* from the other vCPU */
#define PONG_VECTOR	0x55
#define SPURIOUS_VECTOR	0xff

#define PIT_GSI		0
#define WIRE_GSI	5
#define MESSAGE_GSI	24
#define OTHER_MESSAGE_GSI 30		/* a second route to the same MSI, taken in turn */
#define PIT_DIVISOR	11932		/* 100 Hz of 1.193182 MHz */
#define TIMER_NS	10000000UL	/* KVM's LAPIC counts nanoseconds */

#define GPRS		12
#define VECTORS		16
#define VECTOR_WORDS	4
#define MAX_MSRS	16
#define FIRST_MISMATCHES 8

/* What a guest looked at. */
enum subject {
	GENERAL_REGISTER = 1,
	VECTOR_REGISTER,	/* index: register * 4 + its 64-bit word */
	CONTROL_WORD,		/* MXCSR */
	MSR,			/* index: its number */
	DEBUG_REGISTER,
	CONTROL_REGISTER,	/* index: its number; 10 is XCR0 */
	MEMORY,			/* index: address */
	MOVED_MEMORY,
	ROM,
	PORT_NUMBER,		/* what IN gave */
	MMIO_NUMBER,
	STREAM,			/* REP INSB and OUTSB; index: position */
	TIME_STAMP,		/* went back; expected at least */
	KVM_CLOCK,		/* went back, or away from the time-stamp counter; ns */
	DOORBELL,		/* interrupts answered to doorbells; index: vector */
	PING,			/* interrupts from the other vCPU */
	SUBJECTS
};

struct mismatch {
	u64 round, subject, index, expected, found;
};

struct msr_value {
	u64 msr, value;
};

/* Of one vCPU. Interrupt handlers find it by GS. */
struct area {
	/* The handlers' counters come first, their offsets are in vmm_guest.c. */
	volatile u64 interrupts[8];	/* by vector - TIMER_VECTOR */
	u64 deadline_ticks;		/* TSC ticks between two timer interrupts; 0: the LAPIC's own period */

	/* The host's, before the guest starts. */
	u64 number, vcpus, seed;
	u64 xcr0;			/* 0: no XSAVE */
	u64 has_clock;
	u64 tsc_khz;
	u64 msr_count;
	struct msr_value msrs[MAX_MSRS];

	/* The host's, at any time. */
	volatile u64 stop;

	/* The guest's. */
	volatile u64 ready, rounds, done;
	u64 mismatches, per_subject[SUBJECTS], recorded;
	struct mismatch first[FIRST_MISMATCHES];
	u64 fault_vector_plus_one, fault_stack[5], fault_address;
	u64 written, read;		/* numbers, by port */
	u64 mmio_written, mmio_read;
	u64 streamed_out, streamed_in;	/* bytes */
	u64 rung, pinged, changed, rom_writes, halts;
	u64 last_tsc, last_clock, longest_ticks;
	u64 registers_expected[GPRS], registers_found[GPRS];
	u64 vectors_expected[VECTORS * VECTOR_WORDS], vectors_found[VECTORS * VECTOR_WORDS];
	u32 generations[PAGES];
};

static inline __attribute__((always_inline)) u64 pattern(u64 seed, u64 place)
{
	u64 x = (seed + place) * 0x9e3779b97f4a7c15UL;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9UL;
	return x ^ x >> 32;
}

static inline __attribute__((always_inline)) u8 stream_byte(u64 seed, u64 place)
{
	return (u8)pattern(seed ^ 0x5157, place);
}

/* vmm_guest.c, in the guest's section. */
void guest_main(struct area *area);
extern u8 guest_faults[];		/* 32 of FAULT_BYTES */
#define FAULT_BYTES	16
extern u8 guest_interrupts[];		/* 6 of INTERRUPT_BYTES, from TIMER_VECTOR on */
#define INTERRUPT_BYTES	16
extern u8 guest_spurious[];

/* The host side. */

/* How the threads of the vCPUs deal with signals. */
enum signals {
	DEFAULT_SIGNALS,	/* not at all: default mask, no handler; nothing interrupts a vCPU */
	KICKED,			/* an empty handler; vCPUs are stopped and inspected from another thread */
	MASKED,			/* all blocked, one let through by KVM_SET_SIGNAL_MASK; the same */
};

struct options {
	const char *device;
	int vcpus, deadline;
	long seconds, stall;
	enum signals signals;
	u64 seed;
};

struct vcpu {
	struct machine *machine;
	int number, fd;
	int statistics;		/* KVM_GET_STATS_FD, open all the time as QEMU has it since 8.1 */
	struct kvm_run *run;
	struct area *area;
	u64 written, read, mmio_written, mmio_read, streamed_out, streamed_in, rom_writes;
	u64 exits, interrupted, unexplained;	/* KVM_RUN that returned EINTR; without a signal of ours */
	u64 last_tsc;
	volatile int ended;
};

struct machine {
	struct options options;
	int kvm, fd;
	size_t run_bytes;
	u8 *memory, *moving, *rom, *logged;
	struct vcpu vcpus[MAX_VCPUS];
	struct kvm_cpuid2 *cpuid;
	u64 xcr0, has_clock, tsc_khz;
	int doorbell, mmio_doorbell;	/* eventfds that the guest rings */
	int wire, message;		/* eventfds that interrupt it */
	int attached_gsi;		/* where the message goes in */
	u64 rings, mmio_rings, changes, last_clock;
	volatile int ending;
};

/* Prints "FAILED " and one sentence, and ends the program with status 1. */
void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...);

/* An ioctl that must not fail. */
int call(int fd, const char *name, unsigned long request, void *argument);
#define CALL(fd, request, argument) call(fd, #request, request, argument)

/* vmm_machine.c */
void machine_create(struct machine *machine);
void machine_connect(struct machine *machine, int message_gsi);
void machine_disconnect(struct machine *machine);
void machine_move_slot(struct machine *machine);
void machine_change_log(struct machine *machine, unsigned long round);
void machine_inspect(struct machine *machine);
void machine_destroy(struct machine *machine);

/* vmm_devices.c */
void handle_exit(struct vcpu *vcpu);
void *answer_doorbells(void *machine);

#endif
