/* Makes a 64-bit guest by the KVM API (Documentation/virt/kvm/api.rst). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm.h"

#define CPUID_ENTRIES 256

/* The linker's names for the ends of the section "guest". */
extern u8 __start_guest[], __stop_guest[];

void fail(const char *format, ...)
{
	va_list arguments;

	printf("FAILED ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(NULL);
	/* No exit handlers: vCPU threads may be running. */
	_exit(1);
}

int vm_ioctl(const struct vm *vm, int fd, const char *name, unsigned long request, void *argument)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		fail("%s on %s: %s", name, vm->device, strerror(errno));
	return result;
}

int vm_device(const char *device)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0)
		fail("%s cannot be opened (%s): is its hypervisor loaded?", device, strerror(errno));
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION)
		fail("%s is no KVM device of API version %d", device, KVM_API_VERSION);
	return fd;
}

static u64 *table(struct vm *vm, u64 at)
{
	return (u64 *)(vm->memory + at);
}

static void gate(struct vm *vm, int vector, u64 handler)
{
	u64 *entry = table(vm, IDT) + 2 * vector;

	/* A present 64-bit interrupt gate. */
	entry[0] = (handler & 0xffff) | CODE_SELECTOR << 16 | 0x8e00UL << 32 | (handler >> 16 & 0xffff) << 48;
	entry[1] = handler >> 32;
}

static void fill_memory(struct vm *vm)
{
	const u64 user_page = 3;	/* present, writable */
	u64 i;

	if ((u64)__stop_guest > MEMORY_BYTES || (u64)__start_guest < PAGES_AT + MAX_PAGES * PAGE_BYTES)
		fail("the guest's code is linked at %p, outside of its memory", (void *)__start_guest);
	memcpy(vm->memory + (u64)__start_guest, __start_guest, __stop_guest - __start_guest);

	table(vm, PML4)[0] = PDPT | user_page;
	table(vm, PDPT)[0] = PD_LOW | user_page;
	table(vm, PDPT)[WINDOW >> 30] = PD_WINDOW | user_page;
	for (i = 0; i < MEMORY_BYTES >> 21; i++)
		table(vm, PD_LOW)[i] = i << 21 | 0x80 | user_page;
	table(vm, PD_WINDOW)[0] = PT_WINDOW | user_page;

	table(vm, GDT)[CODE_SELECTOR / 8] = 0x00af9b000000ffff;
	table(vm, GDT)[DATA_SELECTOR / 8] = 0x00cf93000000ffff;
	for (i = 0; i < MAX_GUESTS; i++) {
		table(vm, GDT)[STAR_SELECTORS / 8 + 2 * i] = 0x00af9b000000ffff;
		table(vm, GDT)[STAR_SELECTORS / 8 + 2 * i + 1] = 0x00cf93000000ffff;
	}
	for (i = 0; i < 32; i++)
		gate(vm, i, (u64)guest_faults + i * FAULT_BYTES);
	gate(vm, BATON_VECTOR, (u64)guest_baton);
}

static struct kvm_cpuid_entry2 *cpuid_entry(struct vm *vm, u32 function, u32 index)
{
	u32 i;

	for (i = 0; i < vm->cpuid->nent; i++)
		if (vm->cpuid->entries[i].function == function && vm->cpuid->entries[i].index == index)
			return &vm->cpuid->entries[i];
	return NULL;
}

/* Gives the guest all that the hypervisor supports, and keeps what this program asks about. */
static void set_cpuid(struct vm *vm)
{
	struct kvm_cpuid_entry2 *entry;

	vm->cpuid = calloc(1, sizeof(*vm->cpuid) + CPUID_ENTRIES * sizeof(vm->cpuid->entries[0]));
	if (!vm->cpuid)
		fail("there is no memory for a guest on %s", vm->device);
	vm->cpuid->nent = CPUID_ENTRIES;
	vm_ioctl(vm, vm->kvm, "KVM_GET_SUPPORTED_CPUID", KVM_GET_SUPPORTED_CPUID, vm->cpuid);
	vm_ioctl(vm, vm->vcpu, "KVM_SET_CPUID2", KVM_SET_CPUID2, vm->cpuid);

	entry = cpuid_entry(vm, 0x80000001, 0);
	vm->has_tsc_aux = entry && (entry->edx & 1 << 27);	/* RDTSCP */
	entry = cpuid_entry(vm, 0x40000001, 0);
	vm->has_clock = entry && (entry->eax & 1 << 3);		/* KVM_FEATURE_CLOCKSOURCE2 */
	entry = cpuid_entry(vm, 1, 0);
	if (entry && (entry->ecx & 1 << 26)) {			/* XSAVE */
		int avx = (entry->ecx & 1 << 28) != 0;

		entry = cpuid_entry(vm, 0xd, 0);
		vm->xcr0 = avx && entry && (entry->eax & 4) ? 7 : 3;
	}
}

static struct kvm_segment segment(u16 selector, u8 type, u8 system)
{
	struct kvm_segment segment = {
		.limit = 0xffffffff, .selector = selector, .type = type, .present = 1, .s = !system, .g = 1,
	};

	return segment;
}

static void set_registers(struct vm *vm, void (*entry)(struct area *))
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = (u64)entry, .rsp = STACK_TOP - 8, .rdi = AREA, .rflags = 2 };

	vm_ioctl(vm, vm->vcpu, "KVM_GET_SREGS", KVM_GET_SREGS, &sregs);
	sregs.cs = segment(CODE_SELECTOR, 11, 0);
	sregs.cs.l = 1;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = segment(DATA_SELECTOR, 3, 0);
	sregs.ds.db = sregs.es.db = sregs.fs.db = sregs.gs.db = sregs.ss.db = 1;
	sregs.gdt.base = GDT;
	sregs.gdt.limit = GDT_ENTRIES * 8 - 1;
	sregs.idt.base = IDT;
	sregs.idt.limit = PAGE_BYTES - 1;
	sregs.cr0 = 1UL << 31 | 1 << 16 | 1 << 5 | 1 << 4 | 1 << 1 | 1;	/* PG WP NE ET MP PE */
	sregs.cr3 = PML4;
	sregs.cr4 = 1 << 5 | 1 << 9 | 1 << 10 | (vm->xcr0 ? 1 << 18 : 0); /* PAE OSFXSR OSXMMEXCPT OSXSAVE */
	sregs.efer = 1 << 0 | 1 << 8 | 1 << 10;				/* SCE LME LMA */
	vm_ioctl(vm, vm->vcpu, "KVM_SET_SREGS", KVM_SET_SREGS, &sregs);
	vm_ioctl(vm, vm->vcpu, "KVM_SET_REGS", KVM_SET_REGS, &regs);
}

void vm_create(struct vm *vm, const char *device, int irqchip, void (*entry)(struct area *))
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY_BYTES };

	memset(vm, 0, sizeof(*vm));
	vm->device = device;
	vm->kvm = vm_device(device);
	vm->fd = vm_ioctl(vm, vm->kvm, "KVM_CREATE_VM", KVM_CREATE_VM, 0);
	/* Intel needs three pages where the guest has none; AMD takes and ignores it. */
	vm_ioctl(vm, vm->fd, "KVM_SET_TSS_ADDR", KVM_SET_TSS_ADDR, (void *)0xfffbd000UL);
	vm->memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->memory == MAP_FAILED)
		fail("there is no memory for a guest on %s: %s", device, strerror(errno));
	vm->area = (struct area *)(vm->memory + AREA);
	region.userspace_addr = (u64)vm->memory;
	vm_ioctl(vm, vm->fd, "KVM_SET_USER_MEMORY_REGION", KVM_SET_USER_MEMORY_REGION, &region);
	if (irqchip)
		vm_ioctl(vm, vm->fd, "KVM_CREATE_IRQCHIP", KVM_CREATE_IRQCHIP, 0);
	vm->vcpu = vm_ioctl(vm, vm->fd, "KVM_CREATE_VCPU", KVM_CREATE_VCPU, 0);
	vm->run_bytes = vm_ioctl(vm, vm->kvm, "KVM_GET_VCPU_MMAP_SIZE", KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED)
		fail("a vCPU of %s cannot be mapped: %s", device, strerror(errno));
	set_cpuid(vm);
	fill_memory(vm);
	set_registers(vm, entry);
}

const char *vm_exit_text(const struct vm *vm)
{
	static char text[160];
	const struct area *area = vm->area;

	if (area->fault_vector_plus_one)
		snprintf(text, sizeof(text), "exception %llu in the guest; the processor pushed %llx %llx %llx",
			 (unsigned long long)area->fault_vector_plus_one - 1,
			 (unsigned long long)area->fault_stack[0],
			 (unsigned long long)area->fault_stack[1],
			 (unsigned long long)area->fault_stack[2]);
	else
		snprintf(text, sizeof(text), "exit reason %u of KVM_RUN, %llx", vm->run->exit_reason,
			 (unsigned long long)vm->run->hw.hardware_exit_reason);
	return text;
}
