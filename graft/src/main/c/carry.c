// SPDX-License-Identifier: Apache-2.0
/*
 * The state of the vCPUs, the interrupt controllers and the clock: read on one side, written on the other. The order is
 * that in which KVM needs it (api.rst; Documentation/virt/kvm/devices/vcpu.rst for the TSC).
 */
#define _GNU_SOURCE
#include "graft.h"

#include <errno.h>
#include <linux/kvm_para.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MSRS_AT_ONCE 256 /* the kernel's own limit, MAX_IO_MSRS */
#define CLOCK_ATTEMPTS 4
#define CLOCK_GOOD_ENOUGH 500 /* ns */

struct one_msr {
	struct kvm_msrs head;
	struct kvm_msr_entry entry;
};

static struct one_msr one_msr(uint32_t index, uint64_t value)
{
	return (struct one_msr){ .head.nmsrs = 1, .entry = { .index = index, .data = value } };
}

/* ---- Interrupts from outside ---- */

static bool move_irqfds(struct graft *graft, enum step step, int fd, uint32_t flags, size_t *done)
{
	struct ledger *ledger = &graft->shadow.vm->ledger;

	while (*done < ledger->irqfds.count) {
		struct kvm_irqfd irqfd = ledger->irqfds.at[*done].call;

		irqfd.flags = flags;
		if (!stepped(graft, step, fd, KVM_IRQFD, &irqfd, "an irqfd"))
			return false;
		++*done;
	}
	return true;
}

/* Before the LAPICs are read: from now on, signals wait in the eventfds. */
bool carry_detach(struct graft *graft)
{
	return move_irqfds(graft, DETACH_IRQFD, graft->shadow.vm->fd, KVM_IRQFD_FLAG_DEASSIGN,
			   &graft->shadow.irqfds_detached);
}

/* What waits in an eventfd is delivered when it is attached (kvm_irqfd_assign polls it). */
bool carry_attach(struct graft *graft)
{
	return move_irqfds(graft, ATTACH_IRQFD, graft->shadow.fd, 0, &graft->shadow.irqfds_attached);
}

/* Back to the old side: the descriptors and numbers are as before the switch. */
void carry_reattach(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	for (size_t i = 0; i < shadow->irqfds_attached; i++) {
		struct kvm_irqfd irqfd = shadow->vm->ledger.irqfds.at[i].call;

		irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
		call(shadow->fd, KVM_IRQFD, &irqfd);
	}
	for (size_t i = 0; i < shadow->irqfds_detached; i++) {
		struct kvm_irqfd irqfd = shadow->vm->ledger.irqfds.at[i].call;

		irqfd.flags = 0;
		call(shadow->vm->fd, KVM_IRQFD, &irqfd);
	}
	shadow->irqfds_attached = shadow->irqfds_detached = 0;
}

/* ---- Reading ---- */

int carry_msrs(int fd, unsigned long request, struct kvm_msrs *msrs)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entries[MSRS_AT_ONCE];
	} part;
	uint32_t next = 0, worked = 0;

	while (next < msrs->nmsrs) {
		uint32_t asked = msrs->nmsrs - next < MSRS_AT_ONCE ? msrs->nmsrs - next : MSRS_AT_ONCE;
		int got;

		memcpy(part.entries, &msrs->entries[next], asked * sizeof(part.entries[0]));
		part.head = (struct kvm_msrs){ .nmsrs = asked };
		got = call(fd, request, &part);
		if (got < 0)
			return got;
		memcpy(&msrs->entries[worked], part.entries, (size_t)got * sizeof(part.entries[0]));
		worked += (uint32_t)got;
		next += (uint32_t)got + ((uint32_t)got < asked);
	}
	msrs->nmsrs = worked;
	return 0;
}

static bool read_msrs(struct graft *graft, int fd, struct kvm_msrs *msrs)
{
	int result;

	if (fails(graft, READ_MSRS))
		return failed(graft, EIO, "as ordered");
	for (uint32_t i = 0; i < graft->shadow.msr_count; i++)
		msrs->entries[i] = (struct kvm_msr_entry){ .index = graft->shadow.msrs[i] };
	msrs->nmsrs = graft->shadow.msr_count;
	result = carry_msrs(fd, KVM_GET_MSRS, msrs);
	return result == 0 || failed(graft, -result, "the MSRs of a vCPU can't be read");
}

static uint64_t msr_value(const struct kvm_msrs *msrs, uint32_t index)
{
	for (uint32_t i = 0; i < msrs->nmsrs; i++) {
		if (msrs->entries[i].index == index)
			return msrs->entries[i].data;
	}
	return 0;
}

static bool tsc_attribute(struct graft *graft, enum step step, int fd, unsigned long request, uint64_t *offset)
{
	struct kvm_device_attr attribute = { .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (uintptr_t)offset };

	return stepped(graft, step, fd, request, &attribute, "the TSC offset");
}

static bool read_nested(struct graft *graft, int fd, struct kvm_nested_state *nested)
{
	if (graft->shadow.nested_size == 0)
		return true;
	memset(nested, 0, graft->shadow.nested_size);
	nested->size = (uint32_t)graft->shadow.nested_size;
	if (!stepped(graft, READ_NESTED, fd, KVM_GET_NESTED_STATE, nested, "the nested state"))
		return false;
	if (nested->flags & KVM_STATE_NESTED_GUEST_MODE)
		return failed(graft, EBUSY, "a nested guest is running just now; try again");
	return true;
}

static void *guest_memory(const struct ledger *ledger, uint64_t address, uint64_t bytes)
{
	for (size_t i = 0; i < ledger->slots.count; i++) {
		const struct kvm_userspace_memory_region *region = &ledger->slots.at[i].region;

		/* Slots above 0xffff are those of system management mode. */
		if (region->slot <= 0xffff && address >= region->guest_phys_addr &&
		    address + bytes <= region->guest_phys_addr + region->memory_size)
			return (char *)region->userspace_addr + (address - region->guest_phys_addr);
	}
	return NULL;
}

/* How long a thread has waited for a CPU so far: the second word of /proc/PID/schedstat, ns. */
static uint64_t run_delay(int schedstat)
{
	char text[96];
	unsigned long long ran, waited;
	ssize_t length = schedstat < 0 ? -1 : pread(schedstat, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return 0;
	text[length] = '\0';
	return sscanf(text, "%llu %llu", &ran, &waited) == 2 ? waited : 0;
}

static bool read_vcpu(struct graft *graft, int i)
{
	const int fd = graft->shadow.vm->vcpus[i]->fd;
	const bool lapic = graft->shadow.vm->irqchip || graft->shadow.vm->split;
	struct vcpu_state *state = &graft->shadow.vcpus[i].state;
	struct one_msr deadline = one_msr(MSR_TSC_DEADLINE, 0);
	uint64_t steal;

	/* First: it takes in what INIT and SIPI have left (kvm_apic_accept_events). */
	if (!stepped(graft, READ_MP_STATE, fd, KVM_GET_MP_STATE, &state->mp_state, "the run state") ||
	    !stepped(graft, READ_EVENTS, fd, KVM_GET_VCPU_EVENTS, &state->events, "the pending events") ||
	    !stepped(graft, READ_REGS, fd, KVM_GET_REGS, &state->regs, "the registers") ||
	    !stepped(graft, READ_XSAVE, fd,
		     graft->shadow.xsave_size > sizeof(struct kvm_xsave) ? KVM_GET_XSAVE2 : KVM_GET_XSAVE, state->xsave,
		     "the FPU's state") ||
	    !stepped(graft, READ_XCRS, fd, KVM_GET_XCRS, &state->xcrs, "XCR0") ||
	    !stepped(graft, READ_SREGS, fd, KVM_GET_SREGS2, &state->sregs, "the system registers") ||
	    !read_msrs(graft, fd, state->msrs) ||
	    (lapic && !stepped(graft, READ_LAPIC, fd, KVM_GET_LAPIC, &state->lapic, "the local APIC")) ||
	    !stepped(graft, READ_DEBUGREGS, fd, KVM_GET_DEBUGREGS, &state->debugregs, "the debug registers") ||
	    !read_nested(graft, fd, state->nested) ||
	    !tsc_attribute(graft, READ_TSC, fd, KVM_GET_DEVICE_ATTR, &state->tsc_offset))
		return false;
	if (call(fd, KVM_GET_MSRS, &deadline) == 1)
		state->tsc_deadline = deadline.entry.data;
	state->async_pf = msr_value(state->msrs, MSR_KVM_ASYNC_PF_EN);
	state->pv_eoi = msr_value(state->msrs, MSR_KVM_PV_EOI_EN);
	state->system_time = msr_value(state->msrs, MSR_KVM_SYSTEM_TIME_NEW);
	steal = msr_value(state->msrs, MSR_KVM_STEAL_TIME);
	state->steal_page = steal;
	state->steal = steal & KVM_MSR_ENABLED ?
			       guest_memory(&graft->shadow.vm->ledger, steal & ~63ull, sizeof(struct kvm_steal_time)) :
			       NULL;
	return true;
}

static bool read_dirty_logs(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	for (size_t i = 0; i < shadow->logs.count; i++) {
		struct kvm_dirty_log log = { .slot = shadow->logs.at[i].slot, .dirty_bitmap = shadow->logs.at[i].bitmap };

		if (!stepped(graft, READ_DIRTY_LOG, shadow->vm->fd, KVM_GET_DIRTY_LOG, &log, "a dirty log"))
			return false;
	}
	return true;
}

bool carry_read(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;
	const int fd = shadow->vm->fd;

	for (int i = 0; i < shadow->vcpu_count; i++) {
		if (!read_vcpu(graft, i))
			return false;
	}
	if (shadow->vm->pit && !stepped(graft, READ_PIT, fd, KVM_GET_PIT2, &shadow->pit, "the timer (PIT)"))
		return false;
	for (uint32_t chip = 0; shadow->vm->irqchip && chip < 3; chip++) {
		shadow->irqchips[chip].chip_id = chip;
		if (!stepped(graft, READ_IRQCHIP, fd, KVM_GET_IRQCHIP, &shadow->irqchips[chip], "an interrupt controller"))
			return false;
	}
	return read_dirty_logs(graft);
}

/* ---- Writing ---- */

/* Only what the new vCPU does not have yet; an MSR that does not take its value is looked at before giving up. */
static bool write_msrs(struct graft *graft, int i)
{
	const struct shadow_vcpu *other = &graft->shadow.vcpus[i];
	struct kvm_msrs *msrs = other->state.msrs;
	uint32_t baseline = 0;

	if (fails(graft, WRITE_MSRS))
		return failed(graft, EIO, "as ordered");
	for (uint32_t m = 0; m < msrs->nmsrs; m++) {
		struct one_msr now, wanted = one_msr(msrs->entries[m].index, msrs->entries[m].data);

		while (graft->shadow.msrs[baseline] != wanted.entry.index)
			baseline++;
		/* ~0: the new vCPU could not be asked. */
		if (other->baseline[baseline] == wanted.entry.data && wanted.entry.data != ~0ull)
			continue;
		if (call(other->fd, KVM_SET_MSRS, &wanted) == 1)
			continue;
		now = one_msr(wanted.entry.index, 0);
		if (call(other->fd, KVM_GET_MSRS, &now) != 1 || now.entry.data != wanted.entry.data)
			return failed(graft, EINVAL, "MSR 0x%x of vCPU %lu does not take the value 0x%llx",
				      wanted.entry.index, graft->shadow.vm->vcpus[i]->id,
				      (unsigned long long)wanted.entry.data);
	}
	return true;
}

static bool write_vcpu(struct graft *graft, int i)
{
	const bool lapic = graft->shadow.vm->irqchip || graft->shadow.vm->split;
	const int fd = graft->shadow.vcpus[i].fd;
	struct vcpu_state *state = &graft->shadow.vcpus[i].state;
	struct kvm_guest_debug *debug = &graft->shadow.vm->vcpus[i]->debug;
	struct one_msr deadline = one_msr(MSR_TSC_DEADLINE, state->tsc_deadline);

	if (!stepped(graft, WRITE_SREGS, fd, KVM_SET_SREGS2, &state->sregs, "the system registers") ||
	    (graft->shadow.nested_size && !stepped(graft, WRITE_NESTED, fd, KVM_SET_NESTED_STATE, state->nested,
						   "the nested state")) ||
	    !stepped(graft, WRITE_REGS, fd, KVM_SET_REGS, &state->regs, "the registers") ||
	    !stepped(graft, WRITE_XCRS, fd, KVM_SET_XCRS, &state->xcrs, "XCR0") ||
	    !stepped(graft, WRITE_XSAVE, fd, KVM_SET_XSAVE, state->xsave, "the FPU's state") ||
	    !write_msrs(graft, i) ||
	    (lapic && !stepped(graft, WRITE_LAPIC, fd, KVM_SET_LAPIC, &state->lapic, "the local APIC")) ||
	    !stepped(graft, WRITE_EVENTS, fd, KVM_SET_VCPU_EVENTS, &state->events, "the pending events") ||
	    !stepped(graft, WRITE_MP_STATE, fd, KVM_SET_MP_STATE, &state->mp_state, "the run state") ||
	    !stepped(graft, WRITE_DEBUGREGS, fd, KVM_SET_DEBUGREGS, &state->debugregs, "the debug registers"))
		return false;
	if (debug->control && !stepped(graft, WRITE_DEBUG, fd, KVM_SET_GUEST_DEBUG, debug, "the debugger's settings"))
		return false;
	if (state->tsc_deadline && (fails(graft, WRITE_DEADLINE) || call(fd, KVM_SET_MSRS, &deadline) != 1))
		return failed(graft, EIO, "the TSC deadline of vCPU %lu can't be set", graft->shadow.vm->vcpus[i]->id);
	return true;
}

/*
 * The guest's steal time is in its memory, and KVM adds to it what the vCPU's thread has waited since KVM last looked; a
 * new vCPU has never looked, and would add what the thread has waited in all its life (record_steal_time, x86.c). So that
 * much is taken off first. No vCPU of this guest runs now.
 */
static void shift_steal_time(struct graft *graft)
{
	for (int i = 0; i < graft->shadow.vcpu_count; i++) {
		struct vcpu_state *state = &graft->shadow.vcpus[i].state;

		if (!state->steal)
			continue;
		state->steal_shift = run_delay(state->schedstat);
		*state->steal -= state->steal_shift;
	}
}

static int64_t raw_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static int read_clock(int fd, int64_t *value)
{
	struct kvm_clock_data clock;
	int result = call(fd, KVM_GET_CLOCK, &clock);

	*value = (int64_t)clock.clock;
	return result;
}

/*
 * kvmclock: both VMs read the same clock of the host, so the new one is set to what the old one shows, plus what passes
 * until the call, and compared: old, new, old.
 */
static bool write_clock(struct graft *graft)
{
	const int old = graft->shadow.vm->fd, new = graft->shadow.fd;
	int64_t correction = 0;

	if (fails(graft, WRITE_CLOCK))
		return failed(graft, EIO, "as ordered");
	for (int attempt = 0; attempt < CLOCK_ATTEMPTS; attempt++) {
		struct kvm_clock_data clock = { 0 };
		int64_t before, value, after, there;
		int result;

		before = raw_ns();
		result = read_clock(old, &value);
		after = raw_ns();
		if (result >= 0) {
			clock.clock = (uint64_t)(value + correction + (raw_ns() - (before + after) / 2));
			result = call(new, KVM_SET_CLOCK, &clock);
		}
		if (result >= 0)
			result = read_clock(old, &before);
		if (result >= 0)
			result = read_clock(new, &there);
		if (result >= 0)
			result = read_clock(old, &after);
		if (result < 0)
			return failed(graft, -result, "the guest's clock can't be carried");
		graft->shadow.clock_error = there - (before + after) / 2;
		if (llabs(graft->shadow.clock_error) < CLOCK_GOOD_ENOUGH)
			break;
		correction -= graft->shadow.clock_error;
	}
	return true;
}

bool carry_write(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	/* The TSCs first: with them all alike, the clock is set the way in which it will run. */
	for (int i = 0; i < shadow->vcpu_count; i++) {
		if (!tsc_attribute(graft, WRITE_TSC, shadow->vcpus[i].fd, KVM_SET_DEVICE_ATTR,
				   &shadow->vcpus[i].state.tsc_offset))
			return false;
	}
	if (!write_clock(graft))
		return false;
	for (int i = 0; i < shadow->vcpu_count; i++) {
		if (!write_vcpu(graft, i))
			return false;
	}
	for (uint32_t chip = 0; shadow->vm->irqchip && chip < 3; chip++) {
		if (!stepped(graft, WRITE_IRQCHIP, shadow->fd, KVM_SET_IRQCHIP, &shadow->irqchips[chip],
			     "an interrupt controller"))
			return false;
	}
	if (shadow->vm->pit && !stepped(graft, WRITE_PIT, shadow->fd, KVM_SET_PIT2, &shadow->pit, "the timer (PIT)"))
		return false;
	shift_steal_time(graft);
	return true;
}

/* ---- The side that is left ---- */

static bool set_one(int fd, uint32_t index, uint64_t value)
{
	struct one_msr msr = one_msr(index, value);

	return call(fd, KVM_SET_MSRS, &msr) == 1;
}

/*
 * The old vCPUs know pages of the guest that they write to: steal time ("preempted", whenever they are looked at), async
 * page faults, EOI, clock. The guest goes on on the other side: they must not any more.
 */
bool carry_quieten(struct graft *graft)
{
	for (int i = 0; i < graft->shadow.vcpu_count; i++) {
		const struct shadow_vcpu *other = &graft->shadow.vcpus[i];
		const struct vcpu_state *state = &other->state;

		if (fails(graft, SWITCH_QUIET))
			return failed(graft, EIO, "as ordered");
		if ((state->steal_page && !set_one(other->kept, MSR_KVM_STEAL_TIME, 0)) ||
		    (state->async_pf && !set_one(other->kept, MSR_KVM_ASYNC_PF_EN, 0)) ||
		    (state->pv_eoi && !set_one(other->kept, MSR_KVM_PV_EOI_EN, 0)) ||
		    (state->system_time && !set_one(other->kept, MSR_KVM_SYSTEM_TIME_NEW, 0)))
			return failed(graft, EIO, "vCPU %lu can't be kept from writing to the guest's memory",
				      graft->shadow.vm->vcpus[i]->id);
	}
	return true;
}

/* The VM stays where it was: what was changed on that side is changed back. The descriptors are the VMM's again. */
void carry_undo(struct graft *graft)
{
	const bool quietened = graft->step == SWITCH_QUIET;

	for (int i = 0; i < graft->shadow.vcpu_count; i++) {
		struct vcpu_state *state = &graft->shadow.vcpus[i].state;
		const int fd = graft->shadow.vm->vcpus[i]->fd;

		if (state->steal)
			*state->steal += state->steal_shift;
		state->steal_shift = 0;
		if (!quietened)
			continue;
		set_one(fd, MSR_KVM_SYSTEM_TIME_NEW, state->system_time);
		set_one(fd, MSR_KVM_PV_EOI_EN, state->pv_eoi);
		set_one(fd, MSR_KVM_ASYNC_PF_EN, state->async_pf);
		set_one(fd, MSR_KVM_STEAL_TIME, state->steal_page);
	}
	carry_reattach(graft);
}
