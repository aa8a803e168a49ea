// SPDX-License-Identifier: Apache-2.0
/*
 * How the VM was built: what the VMM did through the KVM API that a second VM must be told again.
 *
 * Three kinds of calls: those that only read, or set what is carried from vCPU to vCPU anyway (FREE); those that are
 * noted; those that can't be carried, which make the VM one that is not grafted, by name. A call that is in none of the
 * lists is of the last kind, if it succeeded.
 */
#define _GNU_SOURCE
#include "graft.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* Newer than Debian 12's <linux/kvm.h>: Linux 6.8 to 6.11, api.rst. The size is part of the number. */
#define SET_USER_MEMORY_REGION2 _IOC(_IOC_WRITE, KVMIO, 0x49, 160)
#define SET_MEMORY_ATTRIBUTES _IOC(_IOC_WRITE, KVMIO, 0xd2, 32)
#define CREATE_GUEST_MEMFD _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0xd4, 64)
#define PRE_FAULT_MEMORY _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0xd5, 64)
#define MEM_GUEST_MEMFD (1u << 2)
#define CAP_X86_APIC_BUS_CYCLES_NS 237

struct told told[256];
int told_count;

/* Appends room for one; NULL if there is no memory. */
static void *grown(void *array, size_t *count, size_t *room, size_t size)
{
	void **at = array;

	if (*count == *room) {
		size_t more = *room ? *room * 2 : 16;
		void *larger = realloc(*at, more * size);

		if (!larger)
			return NULL;
		*at = larger;
		*room = more;
	}
	memset((char *)*at + *count * size, 0, size);
	return (char *)*at + (*count)++ * size;
}
#define APPEND(array) ((__typeof__((array).at))grown(&(array).at, &(array).count, &(array).room, sizeof(*(array).at)))
#define REMOVE(array, i) ((array).at[i] = (array).at[--(array).count])

static void changed(struct vm *vm)
{
	vm->ledger.version++;
}

void ledger_obstacle(struct vm *vm, const char *format, ...)
{
	va_list arguments;

	if (vm->obstacle[0])
		return;
	va_start(arguments, format);
	vsnprintf(vm->obstacle, sizeof(vm->obstacle), format, arguments);
	va_end(arguments);
}

static void no_memory(struct vm *vm)
{
	ledger_obstacle(vm, "there was no memory to note how the VM was built");
}

void ledger_note_told(uint32_t extension, bool of_vm, int answer)
{
	int known = 0;

	while (known < told_count && (told[known].extension != extension || told[known].of_vm != of_vm))
		known++;
	if (known == (int)(sizeof(told) / sizeof(told[0])))
		return;
	told[known] = (struct told){ extension, of_vm, answer };
	if (known == told_count)
		told_count++;
}

/* ---- Entries ---- */

static void note(struct vm *vm, int vcpu, uint32_t request, uint64_t key, unsigned long argument, void *payload, size_t size)
{
	struct entry *entry = NULL;

	for (size_t i = 0; i < vm->ledger.entries.count && request != KVM_CREATE_VCPU; i++) {
		struct entry *seen = &vm->ledger.entries.at[i];

		if (seen->vcpu == vcpu && seen->request == request && seen->key == key) {
			entry = seen;
			free(entry->payload);
			break;
		}
	}
	if (!entry)
		entry = APPEND(vm->ledger.entries);
	if (!entry) {
		free(payload);
		no_memory(vm);
		return;
	}
	changed(vm);
	*entry = (struct entry){ vcpu, request, key, argument, payload, size, vm->ledger.version };
}

static void note_payload(struct vm *vm, int vcpu, uint32_t request, uint64_t key, const void *payload, size_t size)
{
	void *copy = malloc(size);

	if (!copy) {
		no_memory(vm);
		return;
	}
	memcpy(copy, payload, size);
	note(vm, vcpu, request, key, 0, copy, size);
}

/* The kernel rounds each bitmap up to whole longs. */
static size_t bitmap_bytes(uint32_t bits)
{
	return (bits + 63ul) / 64 * 8;
}

/* The filter and, behind it, the bitmaps that it points to. */
static void note_msr_filter(struct vm *vm, const struct kvm_msr_filter *filter)
{
	size_t size = sizeof(*filter);
	char *copy, *end;

	for (int i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++)
		size += bitmap_bytes(filter->ranges[i].nmsrs);
	copy = malloc(size);
	if (!copy) {
		no_memory(vm);
		return;
	}
	memcpy(copy, filter, sizeof(*filter));
	end = copy + sizeof(*filter);
	for (int i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++) {
		size_t bytes = bitmap_bytes(filter->ranges[i].nmsrs);

		if (bytes)
			memcpy(end, filter->ranges[i].bitmap, bytes);
		end += bytes;
	}
	note(vm, -1, KVM_X86_SET_MSR_FILTER, 0, 0, copy, size);
}

static int replay_msr_filter(const struct entry *entry, int fd)
{
	struct kvm_msr_filter filter;
	char *end = (char *)entry->payload + sizeof(filter);

	memcpy(&filter, entry->payload, sizeof(filter));
	for (int i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++) {
		filter.ranges[i].bitmap = (uint8_t *)end;
		end += bitmap_bytes(filter.ranges[i].nmsrs);
	}
	return call(fd, KVM_X86_SET_MSR_FILTER, &filter);
}

int ledger_replay(const struct entry *entry, int fd)
{
	if (entry->request == KVM_X86_SET_MSR_FILTER)
		return replay_msr_filter(entry, fd);
	return call(fd, entry->request, entry->payload ? entry->payload : (void *)entry->argument);
}

/* ---- Tables ---- */

static void forget_log(struct vm *vm, uint32_t slot)
{
	for (size_t i = 0; i < vm->carried.count; i++) {
		if (vm->carried.at[i].slot == slot) {
			free(vm->carried.at[i].bitmap);
			REMOVE(vm->carried, i);
			return;
		}
	}
}

static void note_slot(struct vm *vm, const struct kvm_userspace_memory_region *region)
{
	struct slot *slot = NULL;
	size_t i;

	changed(vm);
	for (i = 0; i < vm->ledger.slots.count && !slot; i++) {
		if (vm->ledger.slots.at[i].region.slot == region->slot)
			slot = &vm->ledger.slots.at[i];
	}
	if (region->memory_size == 0) {
		forget_log(vm, region->slot);
		if (slot)
			REMOVE(vm->ledger.slots, i - 1);
		return;
	}
	if (!(region->flags & KVM_MEM_LOG_DIRTY_PAGES))
		forget_log(vm, region->slot);
	if (!slot)
		slot = APPEND(vm->ledger.slots);
	if (slot)
		slot->region = *region;
	else
		no_memory(vm);
}

static void watch(struct vm *vm, int fd)
{
	struct object *object;

	if ((unsigned int)fd >= MOST_FDS) {
		ledger_obstacle(vm, "an eventfd's descriptor %d is beyond what is watched (%d)", fd, MOST_FDS);
		return;
	}
	object = atomic_load(&objects[fd]);
	if (!object)
		atomic_store(&objects[fd], &eventfd_object);
	else if (object != &eventfd_object)
		ledger_obstacle(vm, "an eventfd has the number of another descriptor that is watched (%d)", fd);
}

static bool watched(int fd)
{
	for (struct vm *vm = vms; vm; vm = vm->next) {
		for (size_t i = 0; i < vm->ledger.irqfds.count; i++) {
			if ((int)vm->ledger.irqfds.at[i].call.fd == fd)
				return true;
		}
		for (size_t i = 0; i < vm->ledger.ioeventfds.count; i++) {
			if (vm->ledger.ioeventfds.at[i].call.fd == fd)
				return true;
		}
	}
	return false;
}

static void unwatch(int fd)
{
	if ((unsigned int)fd < MOST_FDS && atomic_load(&objects[fd]) == &eventfd_object && !watched(fd))
		atomic_store(&objects[fd], NULL);
}

static void note_irqfd(struct vm *vm, const struct kvm_irqfd *irqfd)
{
	struct irqfd *noted;

	changed(vm);
	if (irqfd->flags & KVM_IRQFD_FLAG_DEASSIGN) {
		for (size_t i = vm->ledger.irqfds.count; i-- > 0;) {
			if (vm->ledger.irqfds.at[i].call.fd == irqfd->fd && vm->ledger.irqfds.at[i].call.gsi == irqfd->gsi)
				REMOVE(vm->ledger.irqfds, i);
		}
		unwatch((int)irqfd->fd);
		return;
	}
	if (irqfd->flags & KVM_IRQFD_FLAG_RESAMPLE)
		ledger_obstacle(vm, "a level-triggered interrupt comes through an irqfd with a resample eventfd (GSI %u)",
				irqfd->gsi);
	noted = APPEND(vm->ledger.irqfds);
	if (!noted) {
		no_memory(vm);
		return;
	}
	noted->call = *irqfd;
	watch(vm, (int)irqfd->fd);
}

static bool same_ioeventfd(const struct kvm_ioeventfd *a, const struct kvm_ioeventfd *b)
{
	const uint32_t kind = KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY;

	return a->addr == b->addr && a->len == b->len && a->fd == b->fd && ((a->flags ^ b->flags) & kind) == 0 &&
	       (!(a->flags & KVM_IOEVENTFD_FLAG_DATAMATCH) || a->datamatch == b->datamatch);
}

static void note_ioeventfd(struct vm *vm, const struct kvm_ioeventfd *event)
{
	struct ioeventfd *noted;

	changed(vm);
	if (event->flags & KVM_IOEVENTFD_FLAG_DEASSIGN) {
		for (size_t i = vm->ledger.ioeventfds.count; i-- > 0;) {
			if (same_ioeventfd(&vm->ledger.ioeventfds.at[i].call, event)) {
				REMOVE(vm->ledger.ioeventfds, i);
				break;
			}
		}
		unwatch(event->fd);
		return;
	}
	noted = APPEND(vm->ledger.ioeventfds);
	if (!noted) {
		no_memory(vm);
		return;
	}
	noted->call = *event;
	watch(vm, event->fd);
}

static void note_zone(struct vm *vm, bool registered, const struct kvm_coalesced_mmio_zone *zone)
{
	struct zone *noted;

	changed(vm);
	if (registered) {
		noted = APPEND(vm->ledger.zones);
		if (noted)
			noted->call = *zone;
		else
			no_memory(vm);
		return;
	}
	/* The kernel takes out every zone that contains the given one (coalesced_mmio_in_range). */
	for (size_t i = vm->ledger.zones.count; i-- > 0;) {
		const struct kvm_coalesced_mmio_zone *seen = &vm->ledger.zones.at[i].call;

		if (seen->pio == zone->pio && seen->addr <= zone->addr &&
		    zone->addr + zone->size <= seen->addr + seen->size)
			REMOVE(vm->ledger.zones, i);
	}
}

/* What is attached to an eventfd stays attached when the VMM closes its number, as long as somebody else has it open. */
void ledger_eventfd_closed(int fd)
{
	for (struct vm *vm = vms; vm; vm = vm->next) {
		for (size_t i = 0; i < vm->ledger.irqfds.count; i++) {
			if ((int)vm->ledger.irqfds.at[i].call.fd == fd)
				vm->ledger.irqfds.at[i].closed = true;
		}
		for (size_t i = 0; i < vm->ledger.ioeventfds.count; i++) {
			if (vm->ledger.ioeventfds.at[i].call.fd == fd)
				vm->ledger.ioeventfds.at[i].closed = true;
		}
	}
}

static void touch_msrs(struct vm *vm, const struct kvm_msrs *msrs, int done)
{
	for (int i = 0; i < done; i++) {
		size_t known = 0;

		while (known < vm->msr_count && vm->msrs[known] != msrs->entries[i].index)
			known++;
		if (known < vm->msr_count)
			continue;
		if (vm->msr_count == vm->msr_room) {
			uint32_t *larger = realloc(vm->msrs, (vm->msr_room + 64) * sizeof(*larger));

			if (!larger) {
				no_memory(vm);
				return;
			}
			vm->msrs = larger;
			vm->msr_room += 64;
		}
		vm->msrs[vm->msr_count++] = msrs->entries[i].index;
		changed(vm);
	}
}

/* ---- Capabilities ---- */

static void note_capability(struct vm *vm, int vcpu, const struct kvm_enable_cap *cap)
{
	switch (cap->cap) {
	case KVM_CAP_SPLIT_IRQCHIP:
		vm->split = true;
		break;
	case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
		vm->manual_dirty_log = (cap->args[0] & KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE) != 0;
		break;
	case KVM_CAP_X2APIC_API:
	case KVM_CAP_X86_DISABLE_EXITS:
	case KVM_CAP_EXCEPTION_PAYLOAD:
	case KVM_CAP_X86_USER_SPACE_MSR:
	case KVM_CAP_MSR_PLATFORM_INFO:
	case KVM_CAP_X86_BUS_LOCK_EXIT:
	case KVM_CAP_EXIT_HYPERCALL:
	case KVM_CAP_EXIT_ON_EMULATION_FAILURE:
	case KVM_CAP_X86_NOTIFY_VMEXIT:
	case KVM_CAP_X86_TRIPLE_FAULT_EVENT:
	case KVM_CAP_VM_DISABLE_NX_HUGE_PAGES:
	case KVM_CAP_MAX_VCPU_ID:
	case KVM_CAP_PMU_CAPABILITY:
	case KVM_CAP_HALT_POLL:
	case KVM_CAP_ENFORCE_PV_FEATURE_CPUID:
	case CAP_X86_APIC_BUS_CYCLES_NS:
		break;
	case KVM_CAP_DIRTY_LOG_RING:
	case KVM_CAP_DIRTY_LOG_RING_ACQ_REL:
		ledger_obstacle(vm, "the VMM uses KVM's dirty ring (QEMU: dirty-ring-size)");
		return;
	case KVM_CAP_HYPERV_SYNIC:
	case KVM_CAP_HYPERV_SYNIC2:
	case KVM_CAP_HYPERV_ENLIGHTENED_VMCS:
	case KVM_CAP_HYPERV_DIRECT_TLBFLUSH:
	case KVM_CAP_HYPERV_ENFORCE_CPUID:
		ledger_obstacle(vm, "the VM has Hyper-V enlightenments");
		return;
	case KVM_CAP_SGX_ATTRIBUTE:
		ledger_obstacle(vm, "the VM has SGX");
		return;
	case KVM_CAP_VM_COPY_ENC_CONTEXT_FROM:
	case KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM:
		ledger_obstacle(vm, "the VM's memory is encrypted (SEV)");
		return;
	default:
		ledger_obstacle(vm, "the VMM has enabled the KVM capability %u, which is not known here", cap->cap);
		return;
	}
	note_payload(vm, vcpu, KVM_ENABLE_CAP, cap->cap, cap, sizeof(*cap));
}

static bool hyperv(const struct kvm_cpuid2 *cpuid)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == 0x40000000 && cpuid->entries[i].ebx == 0x7263694d) /* "Micr" */
			return true;
	}
	return false;
}

/* ---- Dirty logs ---- */

void ledger_carry_log(struct vm *vm, uint32_t slot, const uint64_t *bitmap, uint64_t bytes)
{
	struct carried_log *carried = NULL;

	for (size_t i = 0; i < vm->carried.count; i++) {
		if (vm->carried.at[i].slot == slot && vm->carried.at[i].bytes == bytes)
			carried = &vm->carried.at[i];
	}
	if (!carried) {
		forget_log(vm, slot);
		carried = APPEND(vm->carried);
		if (carried)
			carried->bitmap = calloc(1, bytes);
		if (!carried || !carried->bitmap) {
			if (carried)
				vm->carried.count--;
			ledger_obstacle(vm, "there was no memory to note which pages are dirty");
			return;
		}
		carried->slot = slot;
		carried->bytes = bytes;
	}
	for (uint64_t i = 0; i < bytes / 8; i++)
		carried->bitmap[i] |= bitmap[i];
}

void ledger_drop_logs(struct vm *vm)
{
	for (size_t i = 0; i < vm->carried.count; i++)
		free(vm->carried.at[i].bitmap);
	vm->carried.count = 0;
}

static struct carried_log *carried_of(struct vm *vm, uint32_t slot)
{
	for (size_t i = 0; i < vm->carried.count; i++) {
		if (vm->carried.at[i].slot == slot)
			return &vm->carried.at[i];
	}
	return NULL;
}

/* The kernel has filled in what is dirty on this side. */
static void tell_carried(struct vm *vm, const struct kvm_dirty_log *log)
{
	struct carried_log *carried = carried_of(vm, log->slot);

	if (!carried)
		return;
	for (uint64_t i = 0; i < carried->bytes / 8; i++)
		((uint64_t *)log->dirty_bitmap)[i] |= carried->bitmap[i];
	if (!vm->manual_dirty_log)
		forget_log(vm, log->slot);
}

static void clear_carried(struct vm *vm, const struct kvm_clear_dirty_log *log)
{
	struct carried_log *carried = carried_of(vm, log->slot);
	uint64_t first = log->first_page / 64; /* a multiple of 64, api.rst */

	if (!carried)
		return;
	for (uint64_t i = 0; i < (log->num_pages + 63ul) / 64 && first + i < carried->bytes / 8; i++)
		carried->bitmap[first + i] &= ~((uint64_t *)log->dirty_bitmap)[i];
}

/* ---- One call ---- */

enum handling ledger_handling(enum kind kind, uint32_t request)
{
	if (kind == VM) {
		switch (request) {
		case KVM_GET_IRQCHIP:
		case KVM_SET_IRQCHIP:
		case KVM_GET_PIT:
		case KVM_SET_PIT:
		case KVM_GET_PIT2:
		case KVM_SET_PIT2:
		case KVM_GET_CLOCK:
		case KVM_SET_CLOCK:
		case KVM_IRQ_LINE:
		case KVM_IRQ_LINE_STATUS:
		case KVM_SIGNAL_MSI:
		case KVM_GET_TSC_KHZ:
		case KVM_GET_NR_MMU_PAGES:
		case KVM_HAS_DEVICE_ATTR:
		case KVM_GET_DEVICE_ATTR:
			return FREE;
		default:
			return NOTED;
		}
	}
	switch (request) {
	case KVM_GET_REGS:
	case KVM_SET_REGS:
	case KVM_GET_SREGS:
	case KVM_SET_SREGS:
	case KVM_GET_SREGS2:
	case KVM_SET_SREGS2:
	case KVM_GET_FPU:
	case KVM_SET_FPU:
	case KVM_GET_XSAVE:
	case KVM_GET_XSAVE2:
	case KVM_SET_XSAVE:
	case KVM_GET_XCRS:
	case KVM_SET_XCRS:
	case KVM_GET_LAPIC:
	case KVM_SET_LAPIC:
	case KVM_GET_VCPU_EVENTS:
	case KVM_SET_VCPU_EVENTS:
	case KVM_GET_DEBUGREGS:
	case KVM_SET_DEBUGREGS:
	case KVM_GET_MP_STATE:
	case KVM_SET_MP_STATE:
	case KVM_GET_NESTED_STATE:
	case KVM_SET_NESTED_STATE:
	case KVM_GET_MSRS:
	case KVM_GET_CPUID2:
	case KVM_GET_TSC_KHZ:
	case KVM_GET_SUPPORTED_HV_CPUID:
	case KVM_HAS_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_TRANSLATE:
	case KVM_INTERRUPT:
	case KVM_NMI:
	case KVM_SMI:
	case KVM_KVMCLOCK_CTRL:
	case KVM_X86_SET_MCE:
	case PRE_FAULT_MEMORY:
		return FREE;
	default:
		return NOTED;
	}
}

void ledger_note_vm(struct vm *vm, unsigned long full_request, void *argument, int result)
{
	const uint32_t request = (uint32_t)full_request;
	const struct kvm_irq_routing *routing = argument;
	const struct kvm_create_device *device = argument;

	switch (request) {
	case KVM_CHECK_EXTENSION:
		ledger_note_told((uint32_t)(unsigned long)argument, true, result);
		return;
	case KVM_CREATE_VCPU:
		note(vm, vm->ledger.vcpus++, request, 0, (unsigned long)argument, NULL, 0);
		return;
	case KVM_CREATE_IRQCHIP:
		vm->irqchip = true;
		note(vm, -1, request, 0, 0, NULL, 0);
		return;
	case KVM_CREATE_PIT:
		vm->pit = true;
		note(vm, -1, request, 0, 0, NULL, 0);
		return;
	case KVM_CREATE_PIT2:
		vm->pit = true;
		note_payload(vm, -1, request, 0, argument, sizeof(struct kvm_pit_config));
		return;
	case KVM_SET_TSS_ADDR:
	case KVM_SET_NR_MMU_PAGES:
	case KVM_SET_BOOT_CPU_ID:
	case KVM_SET_TSC_KHZ:
		note(vm, -1, request, 0, (unsigned long)argument, NULL, 0);
		return;
	case KVM_SET_IDENTITY_MAP_ADDR:
		note_payload(vm, -1, request, 0, argument, sizeof(uint64_t));
		return;
	case KVM_REINJECT_CONTROL:
		note_payload(vm, -1, request, 0, argument, sizeof(struct kvm_reinject_control));
		return;
	case KVM_ENABLE_CAP:
		note_capability(vm, -1, argument);
		return;
	case KVM_SET_GSI_ROUTING:
		note_payload(vm, -1, request, 0, argument, sizeof(*routing) + routing->nr * sizeof(routing->entries[0]));
		return;
	case KVM_X86_SET_MSR_FILTER:
		note_msr_filter(vm, argument);
		return;
	case SET_USER_MEMORY_REGION2:
		if (((const struct kvm_userspace_memory_region *)argument)->flags & MEM_GUEST_MEMFD) {
			ledger_obstacle(vm, "the guest's memory is private (guest_memfd)");
			return;
		}
		/* Its first fields are those of the older call. */
		note_slot(vm, argument);
		return;
	case KVM_SET_USER_MEMORY_REGION:
		note_slot(vm, argument);
		return;
	case KVM_IRQFD:
		note_irqfd(vm, argument);
		return;
	case KVM_IOEVENTFD:
		note_ioeventfd(vm, argument);
		return;
	case KVM_REGISTER_COALESCED_MMIO:
	case KVM_UNREGISTER_COALESCED_MMIO:
		note_zone(vm, request == KVM_REGISTER_COALESCED_MMIO, argument);
		return;
	case KVM_GET_DIRTY_LOG:
		tell_carried(vm, argument);
		return;
	case KVM_CLEAR_DIRTY_LOG:
		clear_carried(vm, argument);
		return;
	case KVM_CREATE_DEVICE:
		if (device->flags & KVM_CREATE_DEVICE_TEST)
			return;
		if (device->type == KVM_DEV_TYPE_VFIO)
			ledger_obstacle(vm, "the VM has a VFIO device");
		else
			ledger_obstacle(vm, "the VM has a KVM device of type %u", device->type);
		return;
	case KVM_MEMORY_ENCRYPT_OP:
	case KVM_MEMORY_ENCRYPT_REG_REGION:
		ledger_obstacle(vm, "the VM's memory is encrypted (SEV or TDX)");
		return;
	case SET_MEMORY_ATTRIBUTES:
	case CREATE_GUEST_MEMFD:
		ledger_obstacle(vm, "the guest's memory is private (guest_memfd)");
		return;
	case KVM_XEN_HVM_CONFIG:
	case KVM_XEN_HVM_SET_ATTR:
		ledger_obstacle(vm, "the VM has Xen's interface");
		return;
	case KVM_HYPERV_EVENTFD:
		ledger_obstacle(vm, "the VM has Hyper-V enlightenments");
		return;
	case KVM_SET_PMU_EVENT_FILTER:
		ledger_obstacle(vm, "the VM has a filter of PMU events");
		return;
	default:
		ledger_obstacle(vm, "the VMM has made a call on the VM that is not known here (ioctl 0x%08x)", request);
	}
}

void ledger_note_vcpu(struct vcpu *vcpu, unsigned long full_request, void *argument, int result)
{
	const uint32_t request = (uint32_t)full_request;
	struct vm *vm = vcpu->vm;
	const struct kvm_cpuid2 *cpuid = argument;
	const struct kvm_device_attr *attribute = argument;
	struct kvm_signal_mask *mask;

	switch (request) {
	case KVM_SET_MSRS:
		touch_msrs(vm, argument, result);
		return;
	case KVM_SET_CPUID2:
		if (hyperv(cpuid))
			ledger_obstacle(vm, "the VM has Hyper-V enlightenments");
		note_payload(vm, vcpu->index, request, 0, cpuid, sizeof(*cpuid) + cpuid->nent * sizeof(cpuid->entries[0]));
		return;
	case KVM_X86_SETUP_MCE:
		note_payload(vm, vcpu->index, request, 0, argument, sizeof(uint64_t));
		return;
	case KVM_SET_TSC_KHZ:
		note(vm, vcpu->index, request, 0, (unsigned long)argument, NULL, 0);
		return;
	case KVM_TPR_ACCESS_REPORTING:
		note_payload(vm, vcpu->index, request, 0, argument, sizeof(struct kvm_tpr_access_ctl));
		return;
	case KVM_SET_VAPIC_ADDR:
		note_payload(vm, vcpu->index, request, 0, argument, sizeof(struct kvm_vapic_addr));
		return;
	case KVM_ENABLE_CAP:
		note_capability(vm, vcpu->index, argument);
		return;
	case KVM_SET_GUEST_DEBUG:
		/* Written after the registers: single-stepping begins where RIP is. */
		vcpu->debug = *(const struct kvm_guest_debug *)argument;
		return;
	case KVM_SET_SIGNAL_MASK:
		if (!argument) {
			note(vm, vcpu->index, request, 0, 0, NULL, 0);
			return;
		}
		mask = malloc(sizeof(*mask) + sizeof(uint64_t));
		if (!mask) {
			no_memory(vm);
			return;
		}
		/* While the vCPU runs, this mask is its thread's: our signal must get through. */
		memcpy(mask, argument, sizeof(*mask) + sizeof(uint64_t));
		mask->sigset[(park_signal - 1) / 8] &= (uint8_t)~(1u << ((park_signal - 1) % 8));
		if (call(vcpu->fd, KVM_SET_SIGNAL_MASK, mask) < 0)
			ledger_obstacle(vm, "the signal mask of vCPU %lu can't be changed", vcpu->id);
		note(vm, vcpu->index, request, 0, 0, mask, sizeof(*mask) + sizeof(uint64_t));
		return;
	case KVM_SET_DEVICE_ATTR:
		if (attribute->group != KVM_VCPU_TSC_CTRL)
			ledger_obstacle(vm, "a vCPU's attribute of group %u is not known here", attribute->group);
		return;
	case KVM_XEN_VCPU_SET_ATTR:
		ledger_obstacle(vm, "the VM has Xen's interface");
		return;
	case KVM_SET_CPUID:
		ledger_obstacle(vm, "the VMM uses the old call KVM_SET_CPUID");
		return;
	default:
		ledger_obstacle(vm, "the VMM has made a call on a vCPU that is not known here (ioctl 0x%08x)", request);
	}
}

/* ---- Copies ---- */

void ledger_free(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->entries.count; i++)
		free(ledger->entries.at[i].payload);
	free(ledger->entries.at);
	free(ledger->slots.at);
	free(ledger->irqfds.at);
	free(ledger->ioeventfds.at);
	free(ledger->zones.at);
	memset(ledger, 0, sizeof(*ledger));
}

#define COPY(to, from) \
	((to).count = (to).room = (from).count, \
	 (to).at = malloc(((from).count + 1) * sizeof(*(from).at)), \
	 (to).at && ((from).count == 0 || memcpy((to).at, (from).at, (from).count * sizeof(*(from).at))))

bool ledger_copy(struct ledger *to, const struct ledger *from)
{
	bool whole = true;

	memset(to, 0, sizeof(*to));
	to->version = from->version;
	to->vcpus = from->vcpus;
	if (!COPY(to->entries, from->entries) || !COPY(to->slots, from->slots) || !COPY(to->irqfds, from->irqfds) ||
	    !COPY(to->ioeventfds, from->ioeventfds) || !COPY(to->zones, from->zones))
		whole = false;
	for (size_t i = 0; i < to->entries.count && to->entries.at; i++) {
		struct entry *entry = &to->entries.at[i];
		void *payload = entry->payload;

		if (!payload)
			continue;
		entry->payload = whole ? malloc(entry->size) : NULL;
		if (entry->payload)
			memcpy(entry->payload, payload, entry->size);
		else
			whole = false;
	}
	if (!whole)
		ledger_free(to);
	return whole;
}
