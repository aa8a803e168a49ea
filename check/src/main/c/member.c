/*
 * One guest of the ring: values that no other guest has, a port that wakes the
 * next one, a thread that runs it, and what is to be told of it in the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "member.h"

#define MSR_TSC_AUX 0xc0000103
#define BATON_GSI 24

/* Values that no other guest has, and that the processor accepts. */

static void add_msr(struct area *area, u64 msr, u64 value)
{
	area->msrs[area->msr_count].msr = msr;
	area->msrs[area->msr_count++].value = value;
}

/* From outside: QEMU's emulation does not intercept XSETBV, so KVM would not learn of the guest's own. */
static void set_xcr0(struct member *member)
{
	struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs[0].value = member->vm.area->xcr0 };

	if (xcrs.xcrs[0].value)
		vm_ioctl(&member->vm, member->vm.vcpu, "KVM_SET_XCRS", KVM_SET_XCRS, &xcrs);
}

static void give_values(struct member *member)
{
	/* IOPL, AC, ID. Not the flags of arithmetic: QEMU's emulation loses those in SYSCALL. */
	static const u64 flag_bits[] = { 1 << 12, 1 << 13, 1 << 18, 1 << 21 };
	struct area *area = member->vm.area;
	u64 n = member->place, i;
	u64 own = 0xffff800000000000 | (n + 1) << 32;	/* canonical */

	area->number = n;
	area->seed = pattern(0x7477696e68797065, n);
	area->pages = member->options->pages;
	area->pause_every = member->options->pause_every;
	area->cpuids = 2;
	area->has_tsc_aux = member->vm.has_tsc_aux;
	area->has_clock = member->vm.has_clock;
	/* Half of the guests of each device do without AVX: a register that is not theirs may not appear. */
	area->xcr0 = ((n ^ n >> 1) & 1) ? member->vm.xcr0 & 3 : member->vm.xcr0;
	for (i = 0; i < 4; i++)
		if (n >> i & 1)
			area->syscall_flags |= flag_bits[i];

	if (area->has_tsc_aux)	/* first: guest.c */
		add_msr(area, MSR_TSC_AUX, 0x7a000000 | (n + 1) << 8);
	/* STAR: selectors of SYSRET, of SYSCALL, and EIP of 32-bit SYSCALL on AMD. */
	add_msr(area, 0xc0000081, (0x23 + 8 * n) << 48 | (STAR_SELECTORS + 16 * n) << 32);
	add_msr(area, 0xc0000082, (u64)guest_syscalls + SYSCALL_BYTES * n);	/* LSTAR */
	add_msr(area, 0xc0000083, own | 0x83000);				/* CSTAR */
	add_msr(area, 0xc0000084, area->syscall_flags);				/* SFMASK */
	add_msr(area, 0xc0000100, own | 0x00000);				/* FS_BASE */
	add_msr(area, 0xc0000101, own | 0x01000);				/* GS_BASE */
	add_msr(area, 0xc0000102, own | 0x02000);				/* KERNEL_GS_BASE */
	add_msr(area, 0x174, 0x10 + 8 * n);					/* SYSENTER_CS */
	add_msr(area, 0x175, own | 0x75000);					/* SYSENTER_ESP */
	add_msr(area, 0x176, own | 0x76000);					/* SYSENTER_EIP */
	/* PAT: the first entry stays write-back, the others differ. */
	add_msr(area, 0x277, (n & 1) ? 0x0006040007010406 : 0x0007040600070406);

	for (i = 0; i < 4; i++)
		area->debug[i] = own | 0xd0000 | i << 8;
	area->fault_address = own | 0xc2000;
	area->task_priority = n % 3;	/* below the baton's class of 4 */
	area->mxcsr = 0x1f80 | (n & 3) << 13;
}

static void map_window(struct member *member)
{
	u64 *table = (u64 *)(member->vm.memory + PT_WINDOW);
	u64 i, pages = member->options->pages;

	for (i = 0; i < pages; i++)
		table[i] = (PAGES_AT + (i * (pages % 5 ? 5 : 1) + member->place) % pages * PAGE_BYTES) | 3;
}

void member_create(struct member *member, const struct options *options, int place)
{
	member->options = options;
	member->place = place;
	vm_create(&member->vm, options->devices[place % options->device_count], 1, guest_ring);
	give_values(member);
	set_xcr0(member);
	map_window(member);
	member->baton = eventfd(0, EFD_CLOEXEC);
	if (member->baton < 0)
		fail("no eventfd can be made: %s", strerror(errno));
}

void member_wire(struct member *member, int next_baton)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry;
	} routing = {
		.head.nr = 1,
		.entry = {
			.gsi = BATON_GSI,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = { .address_lo = 0xfee00000, .data = BATON_VECTOR },
		},
	};
	struct kvm_irqfd irqfd = { .fd = member->baton, .gsi = BATON_GSI };
	struct kvm_ioeventfd port = {
		.addr = BATON_PORT, .len = 1, .fd = next_baton, .flags = KVM_IOEVENTFD_FLAG_PIO,
	};

	vm_ioctl(&member->vm, member->vm.fd, "KVM_SET_GSI_ROUTING", KVM_SET_GSI_ROUTING, &routing);
	vm_ioctl(&member->vm, member->vm.fd, "KVM_IRQFD", KVM_IRQFD, &irqfd);
	vm_ioctl(&member->vm, member->vm.fd, "KVM_IOEVENTFD", KVM_IOEVENTFD, &port);
}

/* In user space TSC_AUX is the kernel's again: node << 12 | CPU (vdso, getcpu). */
static void look_at_host(struct member *member)
{
	unsigned int before, after, node, aux;

	if (!member->vm.has_tsc_aux)
		return;
	do {
		syscall(SYS_getcpu, &before, &node, NULL);
		asm volatile("rdtscp" : "=c"(aux) : : "rax", "rdx");
		syscall(SYS_getcpu, &after, NULL, NULL);
	} while (before != after);
	if (aux != (before | node << 12)) {
		member->host_mismatches++;
		member->host_expected = before | node << 12;
		member->host_found = aux;
	}
}

static void *run_vcpu(void *argument)
{
	struct member *member = argument;
	struct kvm_run *run = member->vm.run;

	bind_to_cpu(member->options, member->place);
	for (;;) {
		if (ioctl(member->vm.vcpu, KVM_RUN, 0) && errno != EINTR && errno != EAGAIN)
			fail("KVM_RUN on %s: %s", member->vm.device, strerror(errno));
		if (member->stuck)
			break;
		look_at_host(member);
		if (run->exit_reason == KVM_EXIT_IO && run->io.port == PAUSE_PORT)
			continue;
		if (run->exit_reason == KVM_EXIT_INTR)
			continue;
		break;
	}
	getrusage(RUSAGE_THREAD, &member->usage);
	__sync_synchronize();
	member->ended = 1;
	return NULL;
}

void member_start(struct member *member)
{
	if (pthread_create(&member->thread, NULL, run_vcpu, member))
		fail("no thread can be made for a vCPU");
}

static void interrupted(int signal)
{
	(void)signal;
}

void member_interrupt(struct member *member)
{
	struct sigaction action = { .sa_handler = interrupted };
	struct kvm_regs regs;
	struct kvm_lapic_state apic;
	struct kvm_mp_state state;
	struct kvm_vcpu_events events;

	sigaction(SIGUSR1, &action, NULL);
	member->stuck = 1;
	pthread_kill(member->thread, SIGUSR1);
	usleep(500000);
	if (member->ended && !ioctl(member->vm.vcpu, KVM_GET_REGS, &regs) &&
	    !ioctl(member->vm.vcpu, KVM_GET_LAPIC, &apic) &&
	    !ioctl(member->vm.vcpu, KVM_GET_VCPU_EVENTS, &events) &&
	    !ioctl(member->vm.vcpu, KVM_GET_MP_STATE, &state))
		printf("standing guest %d device %s rounds %llu rip %llx rflags %llx state %u shadow %u requested %d in_service %d injected %d\n",
		       member->place, member->vm.device, (unsigned long long)member->vm.area->rounds,
		       (unsigned long long)regs.rip, (unsigned long long)regs.rflags, state.mp_state,
		       events.interrupt.shadow, apic.regs[0x200 + BATON_VECTOR / 32 * 16] & 1,
		       apic.regs[0x100 + BATON_VECTOR / 32 * 16] & 1, events.interrupt.injected);
	else
		printf("standing guest %d device %s: its KVM_RUN does not return\n", member->place,
		       member->vm.device);
}

static const char *subject_text(u64 subject)
{
	static const char *const texts[SUBJECTS] = {
		[MSR] = "MSR", [TSC_AUX] = "TSC_AUX by RDTSCP", [SYSCALL_TARGET] = "guest in whose handler SYSCALL ends",
		[SYSCALL_CS] = "CS after SYSCALL", [SYSCALL_SS] = "SS after SYSCALL",
		[SYSCALL_FLAGS] = "flags after SYSCALL", [VECTOR_REGISTER] = "word of the vector registers",
		[CONTROL_WORD] = "MXCSR", [DEBUG_REGISTER] = "debug register", [CONTROL_REGISTER] = "control register",
		[GENERAL_REGISTER] = "general register", [MEMORY] = "memory at", [TIME_STAMP] = "TSC went back",
		[KVM_CLOCK] = "kvmclock went back",
	};

	return subject < SUBJECTS && texts[subject] ? texts[subject] : "?";
}

/* What the guest left in its memory, seen by the host's mapping of it. */
static u64 words_lost(const struct member *member)
{
	const struct area *area = member->vm.area;
	const u64 *table = (const u64 *)(member->vm.memory + PT_WINDOW);
	u64 page, i, lost = 0;

	for (page = 0; page < area->pages; page++) {
		const u64 *words = (const u64 *)(member->vm.memory + (table[page] & ~(PAGE_BYTES - 1)));
		u64 seed = page_seed(area->seed, page, area->generations[page]);

		for (i = 0; i < PAGE_WORDS; i++)
			lost += words[i] != pattern(seed, i);
	}
	return lost;
}

u64 member_report(const struct member *member)
{
	const struct area *area = member->vm.area;
	u64 lost = words_lost(member), i;

	printf("guest %d device %s rounds %llu exits %llu halts %llu pauses %llu avx %d mismatches %llu memory_lost %llu host_mismatches %llu\n",
	       member->place, member->vm.device, (unsigned long long)area->rounds,
	       (unsigned long long)area->exits, (unsigned long long)area->halts,
	       (unsigned long long)area->pauses, (area->xcr0 & 4) != 0, (unsigned long long)area->mismatches,
	       (unsigned long long)lost, (unsigned long long)member->host_mismatches);
	for (i = 1; i < SUBJECTS; i++)
		if (area->per_subject[i])
			printf("mismatches_of guest %d %s: %llu\n", member->place, subject_text(i),
			       (unsigned long long)area->per_subject[i]);
	for (i = 0; i < area->recorded; i++) {
		const struct mismatch *first = &area->first[i];

		printf("mismatch guest %d round %llu %s %llx expected %llx found %llx\n", member->place,
		       (unsigned long long)first->round, subject_text(first->subject),
		       (unsigned long long)first->index, (unsigned long long)first->expected,
		       (unsigned long long)first->found);
	}
	if (member->host_mismatches)
		printf("mismatch host, after guest %d: TSC_AUX expected %llx found %llx\n", member->place,
		       (unsigned long long)member->host_expected, (unsigned long long)member->host_found);
	return area->mismatches + lost + member->host_mismatches;
}
