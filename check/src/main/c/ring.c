/*
 * Guests in a ring. Each waits in HLT, is woken by the one before it, looks at
 * everything that belongs to it, and wakes the next by a write to a port. The
 * port is an ioeventfd and the other end an irqfd, so that on one CPU the vCPU
 * threads follow each other without a return to user space: what one leaves in
 * the processor is there when the next one is entered. With devices in turn,
 * every switch is one between hypervisors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "main.h"

#define MSR_TSC_AUX 0xc0000103
#define BATON_GSI 24

struct member {
	struct vm vm;
	const struct options *options;
	pthread_t thread;
	int place;		/* in the ring */
	int baton;		/* eventfd: to be signalled when it is this guest's turn */
	volatile int ended;
	volatile int stuck;	/* interrupted, to tell where it stands */
	volatile u64 host_mismatches;
	u64 host_expected, host_found;
	struct rusage usage;
};

static struct member members[MAX_GUESTS];
static int member_count;

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

/* Wires a guest's port to the next one's interrupt. */
static void wire(struct member *member, int next_baton)
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

static u64 rounds(void)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < member_count; i++)
		sum += members[i].vm.area->rounds;
	return sum;
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

static u64 report_guest(const struct member *member)
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

static void make_ring(const struct options *options)
{
	int i;

	if (options->guests * options->device_count > MAX_GUESTS)
		fail("there can be %d guests in all, not %ld", MAX_GUESTS, options->guests * options->device_count);
	member_count = options->guests * options->device_count;
	for (i = 0; i < member_count; i++) {
		struct member *member = &members[i];

		member->options = options;
		member->place = i;
		vm_create(&member->vm, options->devices[i % options->device_count], 1, guest_ring);
		give_values(member);
		set_xcr0(member);
		map_window(member);
		member->baton = eventfd(0, EFD_CLOEXEC);
		if (member->baton < 0)
			fail("no eventfd can be made: %s", strerror(errno));
	}
	for (i = 0; i < member_count; i++)
		wire(&members[i], members[(i + 1) % member_count].baton);
	for (i = 0; i < member_count; i++)
		if (pthread_create(&members[i].thread, NULL, run_vcpu, &members[i]))
			fail("no thread can be made for a vCPU");
}

static void interrupted(int signal)
{
	(void)signal;
}

static void fail_standing(const struct options *options)
{
	struct sigaction action = { .sa_handler = interrupted };
	int i;

	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < member_count; i++) {
		struct member *member = &members[i];
		struct kvm_regs regs;
		struct kvm_lapic_state apic;
		struct kvm_mp_state state;
		struct kvm_vcpu_events events;

		member->stuck = 1;
		pthread_kill(member->thread, SIGUSR1);
		usleep(500000);
		if (member->ended && !ioctl(member->vm.vcpu, KVM_GET_REGS, &regs) &&
		    !ioctl(member->vm.vcpu, KVM_GET_LAPIC, &apic) &&
		    !ioctl(member->vm.vcpu, KVM_GET_VCPU_EVENTS, &events) &&
		    !ioctl(member->vm.vcpu, KVM_GET_MP_STATE, &state))
			printf("standing guest %d device %s rounds %llu rip %llx rflags %llx state %u shadow %u requested %d in_service %d injected %d\n",
			       i, member->vm.device, (unsigned long long)member->vm.area->rounds,
			       (unsigned long long)regs.rip, (unsigned long long)regs.rflags, state.mp_state,
			       events.interrupt.shadow, apic.regs[0x200 + BATON_VECTOR / 32 * 16] & 1,
			       apic.regs[0x100 + BATON_VECTOR / 32 * 16] & 1, events.interrupt.injected);
		else
			printf("standing guest %d device %s: its KVM_RUN does not return\n", i, member->vm.device);
	}
	fail("the guests stand still for %ld s", options->stall);
}

static void check_progress(double standing, const struct options *options)
{
	int i;

	for (i = 0; i < member_count; i++)
		if (members[i].ended)
			fail("guest %d on %s ended: %s", i, members[i].vm.device, vm_exit_text(&members[i].vm));
	if (standing > options->stall)
		fail_standing(options);
}

/* A baton that comes before a guest's interrupt controller is on would be lost. */
static void start_ring(const struct options *options)
{
	double start = now();
	u64 one = 1;
	int i;

	for (i = 0; i < member_count; i++) {
		while (!members[i].vm.area->ready) {
			check_progress(now() - start, options);
			usleep(1000);
		}
	}
	if (write(members[0].baton, &one, sizeof(one)) != sizeof(one))
		fail("the first guest cannot be woken: %s", strerror(errno));
}

static void watch(const struct options *options, double start, double *longest)
{
	double moved = now();
	u64 seen = 0, sum;
	int told = 0;

	for (;;) {
		int ended = wait_for_end(20);
		double time = now();

		sum = rounds();
		if (sum != seen) {
			if (seen && time - moved > *longest)
				*longest = time - moved;
			seen = sum;
			moved = time;
			if (!told)
				printf("running %d guests\n", member_count);
			told = 1;
		}
		if (ended || (options->seconds && time - start >= options->seconds))
			return;
		check_progress(time - moved, options);
	}
}

static void end_ring(const struct options *options)
{
	double start = now();
	int i;

	for (i = 0; i < member_count; i++)
		members[i].vm.area->stop = 1;
	for (i = 0; i < member_count; i++) {
		while (!members[i].ended) {
			if (now() - start > options->stall)
				fail_standing(options);
			usleep(5000);
		}
		pthread_join(members[i].thread, NULL);
		if (members[i].vm.run->exit_reason != KVM_EXIT_IO || members[i].vm.run->io.port != DONE_PORT ||
		    members[i].vm.area->fault_vector_plus_one)
			fail("guest %d on %s ended: %s", i, members[i].vm.device, vm_exit_text(&members[i].vm));
	}
}

int ring(const struct options *options)
{
	u64 bad = 0, fewest = ~0UL, exit_count = 0, halts = 0;
	long switches = 0;
	double start, seconds, longest = 0;
	int i;

	block_ends();
	make_ring(options);
	start_ring(options);
	start = now();
	watch(options, start, &longest);
	seconds = now() - start;
	end_ring(options);

	for (i = 0; i < member_count; i++) {
		const struct area *area = members[i].vm.area;

		bad += report_guest(&members[i]);
		exit_count += area->exits;
		halts += area->halts;
		switches += members[i].usage.ru_nvcsw + members[i].usage.ru_nivcsw;
		if (area->rounds < fewest)
			fewest = area->rounds;
	}
	printf("seconds %.1f\n", seconds);
	printf("rounds %llu\n", (unsigned long long)rounds());
	printf("fewest_rounds %llu\n", (unsigned long long)fewest);
	printf("cpuid_exits %llu\n", (unsigned long long)exit_count);
	printf("halts %llu\n", (unsigned long long)halts);
	printf("switches %ld\n", switches);
	printf("longest_standstill_ms %.0f\n", longest * 1e3);
	printf("mismatches %llu\n", (unsigned long long)bad);
	if (bad)
		fail("%llu times a guest did not find what belongs to it", (unsigned long long)bad);
	if (!fewest)
		fail("a guest never had its turn");
	printf("ok %d guests found all that belongs to them in %llu rounds\n", member_count,
	       (unsigned long long)rounds());
	return 0;
}
