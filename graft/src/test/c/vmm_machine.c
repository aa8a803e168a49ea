/*
 * Makes the machine by the KVM API (Documentation/virt/kvm/api.rst), in an order of its own: vCPUs come before memory,
 * PIT, routes and eventfds; and changes it while it runs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm.h"

#define CPUID_ENTRIES	256
#define ROUTES		4

/* Numbers of memory slots need not follow each other. */
#define MEMORY_SLOT_NUMBER	7
#define MOVING_SLOT_NUMBER	3
#define ROM_SLOT_NUMBER		12
#define LOGGED_SLOT_NUMBER	20

/* The linker's names for the ends of the section "guest". */
extern u8 __start_guest[], __stop_guest[];

int call(int fd, const char *name, unsigned long request, void *argument)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		fail("%s: %s", name, strerror(errno));
	return result;
}

static u8 *pages(size_t bytes)
{
	u8 *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("there are no %zu bytes of memory for the guest: %s", bytes, strerror(errno));
	return memory;
}

static void set_slot(struct machine *machine, u32 number, u64 at, u64 bytes, u8 *memory, u32 flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = number, .flags = flags, .guest_phys_addr = at,
		.memory_size = bytes, .userspace_addr = (u64)memory,
	};

	CALL(machine->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static u64 *table(struct machine *machine, u64 at)
{
	return (u64 *)(machine->memory + at);
}

static void gate(struct machine *machine, int vector, u8 *handler)
{
	u64 *entry = table(machine, IDT) + 2 * vector, at = (u64)handler;

	/* A present 64-bit interrupt gate. */
	entry[0] = (at & 0xffff) | CODE_SELECTOR << 16 | 0x8e00UL << 32 | (at >> 16 & 0xffff) << 48;
	entry[1] = at >> 32;
}

static void map(struct machine *machine, u64 directory, u64 from, u64 bytes)
{
	const u64 large = 0x83;	/* present, writable, 2 MiB */
	u64 at;

	table(machine, PDPT)[from >> 30] = directory | 3;
	for (at = from; at < from + bytes; at += 1UL << 21)
		table(machine, directory)[at >> 21 & 511] = at | large;
}

static void fill_memory(struct machine *machine)
{
	u64 i;

	if ((u64)__stop_guest > MEMORY_BYTES || (u64)__start_guest < PAGES_AT(MAX_VCPUS))
		fail("the guest's code is linked at %p, outside of its memory", (void *)__start_guest);
	memcpy(machine->memory + (u64)__start_guest, __start_guest, __stop_guest - __start_guest);
	table(machine, PML4)[0] = PDPT | 3;
	map(machine, PD_LOW, 0, MEMORY_BYTES);
	map(machine, PD_OTHER, MOVING_SLOT, 1UL << 22);
	map(machine, PD_DEVICES, MMIO & ~((1UL << 21) - 1), 1UL << 21);
	map(machine, PD_DEVICES, IOAPIC & ~((1UL << 21) - 1), 1UL << 21);
	table(machine, GDT)[CODE_SELECTOR / 8] = 0x00af9b000000ffff;
	table(machine, GDT)[DATA_SELECTOR / 8] = 0x00cf93000000ffff;
	for (i = 0; i < 32; i++)
		gate(machine, i, guest_faults + i * FAULT_BYTES);
	for (i = 0; i < 6; i++)
		gate(machine, TIMER_VECTOR + i, guest_interrupts + i * INTERRUPT_BYTES);
	gate(machine, SPURIOUS_VECTOR, guest_spurious);
	for (i = 0; i < ROM_BYTES / 8; i++)
		((u64 *)machine->rom)[i] = pattern(pattern(machine->options.seed, 0), 6000 + i);	/* vCPU 0's seed */
}

static struct kvm_cpuid_entry2 *cpuid_entry(struct machine *machine, u32 function, u32 index)
{
	u32 i;

	for (i = 0; i < machine->cpuid->nent; i++)
		if (machine->cpuid->entries[i].function == function && machine->cpuid->entries[i].index == index)
			return &machine->cpuid->entries[i];
	return NULL;
}

/* The guest gets all that the hypervisor supports, and the deadline timer, which the kernel leaves to VMMs to offer. */
static void prepare_cpuid(struct machine *machine)
{
	struct kvm_cpuid_entry2 *entry;

	machine->cpuid = calloc(1, sizeof(*machine->cpuid) + CPUID_ENTRIES * sizeof(machine->cpuid->entries[0]));
	if (!machine->cpuid)
		fail("there is no memory for %d CPUID entries", CPUID_ENTRIES);
	machine->cpuid->nent = CPUID_ENTRIES;
	CALL(machine->kvm, KVM_GET_SUPPORTED_CPUID, machine->cpuid);
	entry = cpuid_entry(machine, 0x40000001, 0);
	machine->has_clock = entry && (entry->eax & 1 << 3);	/* KVM_FEATURE_CLOCKSOURCE2 */
	entry = cpuid_entry(machine, 1, 0);
	if (!entry || !(entry->ecx & 1 << 21))
		fail("%s has no x2APIC for guests", machine->options.device);
	if (ioctl(machine->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
		entry->ecx |= 1 << 24;
	else if (machine->options.deadline || machine->options.vcpus > 1)
		fail("%s has no deadline timer for guests", machine->options.device);
	if (entry->ecx & 1 << 26) {				/* XSAVE */
		int avx = (entry->ecx & 1 << 28) != 0;

		entry = cpuid_entry(machine, 0xd, 0);
		machine->xcr0 = avx && entry && (entry->eax & 4) ? 7 : 3;
	}
}

static void set_cpuid(struct vcpu *vcpu)
{
	struct machine *machine = vcpu->machine;
	u32 i;

	for (i = 0; i < machine->cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &machine->cpuid->entries[i];

		if (entry->function == 1)
			entry->ebx = (entry->ebx & 0xffffff) | (u32)vcpu->number << 24;
		else if (entry->function == 0xb)
			entry->edx = vcpu->number;
	}
	CALL(vcpu->fd, KVM_SET_CPUID2, machine->cpuid);
}

static void add_msr(struct area *area, u64 msr, u64 value)
{
	area->msrs[area->msr_count++] = (struct msr_value){ msr, value };
}

static void fill_area(struct vcpu *vcpu)
{
	struct machine *machine = vcpu->machine;
	struct area *area = vcpu->area;
	struct kvm_cpuid_entry2 *extended = cpuid_entry(machine, 0x80000001, 0);

	area->number = vcpu->number;
	area->vcpus = machine->options.vcpus;
	area->seed = pattern(machine->options.seed, vcpu->number);
	area->xcr0 = machine->xcr0;
	area->has_clock = machine->has_clock;
	area->tsc_khz = machine->tsc_khz;
	if (machine->options.deadline || vcpu->number)
		area->deadline_ticks = machine->tsc_khz * (TIMER_NS / 1000000);
	/* Nothing in the guest uses them; addresses must be canonical. */
	add_msr(area, 0xc0000081, pattern(area->seed, 1) & 0xffffffff00000000);	/* STAR */
	add_msr(area, 0xc0000082, pattern(area->seed, 2) >> 18);		/* LSTAR */
	add_msr(area, 0xc0000083, pattern(area->seed, 3) >> 18);		/* CSTAR */
	add_msr(area, 0xc0000084, pattern(area->seed, 4) & 0x3f7fd5);		/* SFMASK */
	add_msr(area, 0xc0000100, pattern(area->seed, 5) >> 18);		/* FS_BASE */
	add_msr(area, 0xc0000102, pattern(area->seed, 6) >> 18);		/* KERNEL_GS_BASE */
	/* SYSENTER_CS, _ESP, _EIP: of the last two, KVM_GET_MSRS gives the lower halves only on AMD. */
	add_msr(area, 0x174, pattern(area->seed, 7) & 0xfff8);
	add_msr(area, 0x175, (u32)pattern(area->seed, 8) >> 1);
	add_msr(area, 0x176, (u32)pattern(area->seed, 9) >> 1);
	add_msr(area, 0x277, 0x0007040600070406);				/* PAT: as at reset */
	if (extended && (extended->edx & 1 << 27))
		add_msr(area, 0xc0000103, (u32)pattern(area->seed, 10));	/* TSC_AUX */
}

static struct kvm_segment segment(u16 selector, u8 type)
{
	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = selector, .type = type, .present = 1, .s = 1, .g = 1,
		.l = selector == CODE_SELECTOR, .db = selector != CODE_SELECTOR,
	};
}

static void set_registers(struct vcpu *vcpu)
{
	struct kvm_regs regs = {
		.rip = (u64)guest_main, .rsp = STACK_TOP(vcpu->number) - 8, .rdi = AREA(vcpu->number), .rflags = 2,
	};
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs[0].value = vcpu->machine->xcr0 };
	struct kvm_sregs sregs;

	CALL(vcpu->fd, KVM_GET_SREGS, &sregs);
	sregs.cs = segment(CODE_SELECTOR, 11);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = segment(DATA_SELECTOR, 3);
	sregs.gs.base = AREA(vcpu->number);
	sregs.gdt.base = GDT;
	sregs.gdt.limit = 3 * 8 - 1;
	sregs.idt.base = IDT;
	sregs.idt.limit = PAGE_BYTES - 1;
	sregs.cr0 = 1UL << 31 | 1 << 16 | 1 << 5 | 1 << 4 | 1 << 1 | 1;	/* PG WP NE ET MP PE */
	sregs.cr3 = PML4;
	sregs.cr4 = 1 << 5 | 1 << 9 | 1 << 10 | (vcpu->machine->xcr0 ? 1 << 18 : 0); /* PAE OSFXSR OSXMMEXCPT OSXSAVE */
	sregs.efer = 1 << 0 | 1 << 8 | 1 << 10;				/* SCE LME LMA */
	CALL(vcpu->fd, KVM_SET_SREGS, &sregs);
	CALL(vcpu->fd, KVM_SET_REGS, &regs);
	/* QEMU's emulation does not intercept XSETBV, so KVM would not learn of the guest's own. */
	if (xcrs.xcrs[0].value)
		CALL(vcpu->fd, KVM_SET_XCRS, &xcrs);
	/* No INIT and SIPI: the second vCPU starts where it is told. */
	CALL(vcpu->fd, KVM_SET_MP_STATE, &state);
}

static void set_routes(struct machine *machine)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entries[ROUTES];
	} routes = {
		.head.nr = ROUTES,
		.entries = {
			{ .gsi = PIT_GSI, .type = KVM_IRQ_ROUTING_IRQCHIP, .u.irqchip = { KVM_IRQCHIP_IOAPIC, 2 } },
			{ .gsi = WIRE_GSI, .type = KVM_IRQ_ROUTING_IRQCHIP, .u.irqchip = { KVM_IRQCHIP_IOAPIC, WIRE_GSI } },
			{ .gsi = MESSAGE_GSI, .type = KVM_IRQ_ROUTING_MSI, .u.msi = { 0xfee00000, 0, MESSAGE_VECTOR, { 0 } } },
			{ .gsi = OTHER_MESSAGE_GSI, .type = KVM_IRQ_ROUTING_MSI, .u.msi = { 0xfee00000, 0, MESSAGE_VECTOR, { 0 } } },
		},
	};

	/* Without the route that is not in use now. */
	if (machine->attached_gsi == MESSAGE_GSI)
		routes.head.nr--;
	CALL(machine->fd, KVM_SET_GSI_ROUTING, &routes);
}

static void assign(struct machine *machine, int on)
{
	struct kvm_irqfd wire = { .fd = machine->wire, .gsi = WIRE_GSI, .flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN };
	struct kvm_irqfd message = {
		.fd = machine->message, .gsi = machine->attached_gsi, .flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
	};
	struct kvm_ioeventfd port = {
		.addr = DOORBELL_PORT, .len = 4, .fd = machine->doorbell,
		.flags = KVM_IOEVENTFD_FLAG_PIO | (on ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN),
	};
	struct kvm_ioeventfd mmio = {
		.addr = MMIO + MMIO_DOORBELL, .len = 4, .fd = machine->mmio_doorbell, .datamatch = DOORBELL_VALUE,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH | (on ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN),
	};

	CALL(machine->fd, KVM_IRQFD, &wire);
	CALL(machine->fd, KVM_IRQFD, &message);
	CALL(machine->fd, KVM_IOEVENTFD, &port);
	CALL(machine->fd, KVM_IOEVENTFD, &mmio);
}

void machine_connect(struct machine *machine, int message_gsi)
{
	machine->attached_gsi = message_gsi;
	set_routes(machine);
	assign(machine, 1);
}

void machine_disconnect(struct machine *machine)
{
	assign(machine, 0);
}

/* Deletes the slot and makes it again of other memory with the same content. No vCPU may use it meanwhile. */
void machine_move_slot(struct machine *machine)
{
	u8 *memory = pages(MOVING_BYTES);

	memcpy(memory, machine->moving, MOVING_BYTES);
	set_slot(machine, MOVING_SLOT_NUMBER, MOVING_SLOT, 0, machine->moving, 0);
	set_slot(machine, MOVING_SLOT_NUMBER, MOVING_SLOT, MOVING_BYTES, memory, 0);
	munmap(machine->moving, MOVING_BYTES);
	machine->moving = memory;
}

/*
 * As a VMM does whose guest changes its display's mode, but all the time: a slot with a dirty log, a larger one, one without
 * a log, none. What KVM fills in must fit what was asked for.
 */
void machine_change_log(struct machine *machine, unsigned long round)
{
	static const struct {
		u64 bytes;
		u32 flags;
	} steps[] = {
		{ LOGGED_BYTES / 4, KVM_MEM_LOG_DIRTY_PAGES }, { 0, 0 }, { LOGGED_BYTES, KVM_MEM_LOG_DIRTY_PAGES },
		{ LOGGED_BYTES, 0 }, { 0, 0 },
	};
	u64 bitmap[LOGGED_BYTES / PAGE_BYTES / 64 + 1] = { [LOGGED_BYTES / PAGE_BYTES / 64] = 0x600d };
	struct kvm_dirty_log log = { .slot = LOGGED_SLOT_NUMBER, .dirty_bitmap = bitmap };

	round %= sizeof(steps) / sizeof(steps[0]);
	set_slot(machine, LOGGED_SLOT_NUMBER, LOGGED_SLOT, steps[round].bytes, machine->logged, steps[round].flags);
	if (!steps[round].flags)
		return;
	CALL(machine->fd, KVM_GET_DIRTY_LOG, &log);
	if (bitmap[LOGGED_BYTES / PAGE_BYTES / 64] != 0x600d)
		fail("a dirty log is longer than its slot");
}

static void create_vcpu(struct machine *machine, int number)
{
	struct vcpu *vcpu = &machine->vcpus[number];

	vcpu->machine = machine;
	vcpu->number = number;
	vcpu->area = (struct area *)(machine->memory + AREA(number));
	vcpu->fd = CALL(machine->fd, KVM_CREATE_VCPU, (void *)(long)number);
	vcpu->statistics = CALL(vcpu->fd, KVM_GET_STATS_FD, NULL);
	vcpu->run = mmap(NULL, machine->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		fail("vCPU %d cannot be mapped: %s", number, strerror(errno));
}

static int event(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	if (fd < 0)
		fail("eventfd: %s", strerror(errno));
	return fd;
}

void machine_create(struct machine *machine)
{
	struct kvm_pit_config pit = { 0 };
	int i;

	machine->kvm = open(machine->options.device, O_RDWR);
	if (machine->kvm < 0)
		fail("%s cannot be opened (%s): is its hypervisor loaded?", machine->options.device, strerror(errno));
	if (ioctl(machine->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		fail("%s is no KVM device of API version %d", machine->options.device, KVM_API_VERSION);
	machine->memory = pages(MEMORY_BYTES);
	machine->moving = pages(MOVING_BYTES);
	machine->rom = pages(ROM_BYTES);
	machine->logged = pages(LOGGED_BYTES);
	machine->fd = CALL(machine->kvm, KVM_CREATE_VM, NULL);
	CALL(machine->fd, KVM_CREATE_IRQCHIP, NULL);
	machine->run_bytes = CALL(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, NULL);
	for (i = machine->options.vcpus - 1; i >= 0; i--)
		create_vcpu(machine, i);
	/* Intel needs three pages where the guest has none; AMD takes and ignores it. */
	CALL(machine->fd, KVM_SET_TSS_ADDR, (void *)0xfffbd000UL);
	set_slot(machine, MEMORY_SLOT_NUMBER, 0, MEMORY_BYTES, machine->memory, 0);
	set_slot(machine, MOVING_SLOT_NUMBER, MOVING_SLOT, MOVING_BYTES, machine->moving, 0);
	set_slot(machine, ROM_SLOT_NUMBER, ROM_SLOT, ROM_BYTES, machine->rom, KVM_MEM_READONLY);
	machine->doorbell = event();
	machine->mmio_doorbell = event();
	machine->wire = event();
	machine->message = event();
	machine_connect(machine, MESSAGE_GSI);
	CALL(machine->fd, KVM_CREATE_PIT2, &pit);
	prepare_cpuid(machine);
	machine->tsc_khz = CALL(machine->vcpus[0].fd, KVM_GET_TSC_KHZ, NULL);
	fill_memory(machine);
	for (i = 0; i < machine->options.vcpus; i++) {
		set_cpuid(&machine->vcpus[i]);
		fill_area(&machine->vcpus[i]);
		set_registers(&machine->vcpus[i]);
	}
}

static void inspect_vcpu(struct vcpu *vcpu)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} tsc = { .head.nmsrs = 1, .entry.index = 0x10 };
	struct kvm_regs regs, again;
	struct kvm_mp_state state;
	struct kvm_xsave xsave;

	CALL(vcpu->fd, KVM_GET_REGS, &regs);
	CALL(vcpu->fd, KVM_SET_REGS, &regs);
	CALL(vcpu->fd, KVM_GET_REGS, &again);
	if (memcmp(&regs, &again, sizeof(regs)))
		fail("the registers of stopped vCPU %d changed, RIP from %llx to %llx", vcpu->number, regs.rip, again.rip);
	CALL(vcpu->fd, KVM_GET_XSAVE, &xsave);
	CALL(vcpu->fd, KVM_SET_XSAVE, &xsave);
	CALL(vcpu->fd, KVM_GET_MP_STATE, &state);
	if (state.mp_state != KVM_MP_STATE_RUNNABLE && state.mp_state != KVM_MP_STATE_HALTED)
		fail("vCPU %d is in state %u (linux/kvm.h)", vcpu->number, state.mp_state);
	if (CALL(vcpu->fd, KVM_GET_MSRS, &tsc) != 1)
		fail("vCPU %d does not tell its time-stamp counter", vcpu->number);
	if (tsc.entry.data < vcpu->last_tsc)
		fail("the time-stamp counter of vCPU %d went from %llu back to %llu", vcpu->number,
		     (unsigned long long)vcpu->last_tsc, tsc.entry.data);
	vcpu->last_tsc = tsc.entry.data;
}

/* To be called while no vCPU runs, by a thread that is none. */
void machine_inspect(struct machine *machine)
{
	struct kvm_clock_data clock;
	int i;

	for (i = 0; i < machine->options.vcpus; i++)
		inspect_vcpu(&machine->vcpus[i]);
	CALL(machine->fd, KVM_GET_CLOCK, &clock);
	if (clock.clock < machine->last_clock)
		fail("KVM's clock went from %llu ns back to %llu", (unsigned long long)machine->last_clock, clock.clock);
	machine->last_clock = clock.clock;
}

/* The VM's descriptor goes first, what hangs on it after it. */
void machine_destroy(struct machine *machine)
{
	int i;

	close(machine->fd);
	close(machine->kvm);
	for (i = 0; i < machine->options.vcpus; i++) {
		munmap(machine->vcpus[i].run, machine->run_bytes);
		close(machine->vcpus[i].fd);
	}
	close(machine->doorbell);
	close(machine->mmio_doorbell);
	close(machine->wire);
	close(machine->message);
}
