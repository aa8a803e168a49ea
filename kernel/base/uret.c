// SPDX-License-Identifier: GPL-2.0-only
/*
 * User-return MSRs: one cache per CPU of what is in the MSR now. With a cache
 * per twin, a vCPU of one that follows a vCPU of the other without a return to
 * user space believes its value is still loaded (seen: wrong TSC_AUX).
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/smp.h>

#include <asm/msr.h>

#include "base.h"

static u32 uret_msrs[MAX_URET_MSRS];
static u32 uret_count;
static DEFINE_MUTEX(uret_lock);

static void uret_read_host(struct cpu_state *state, u32 slot)
{
	struct uret_value *value = &state->uret[slot];

	if (value->read)
		return;
	rdmsrl_safe(uret_msrs[slot], &value->host);
	value->curr = value->host;
	value->read = true;
}

/* On this CPU, with interrupts off, before any guest ran on it. */
void uret_read_host_values(void)
{
	u32 slot;

	for (slot = 0; slot < uret_count; slot++)
		uret_read_host(this_cpu_ptr(&cpu_states), slot);
}

static void uret_read_on_cpu(void *unused)
{
	uret_read_host_values();
}

/* A CPU that comes back has its MSRs set anew: they are read again then. */
void uret_forget(struct cpu_state *state)
{
	u32 slot;

	for (slot = 0; slot < MAX_URET_MSRS; slot++)
		state->uret[slot].read = false;
}

void uret_restore(struct cpu_state *state)
{
	unsigned long flags;
	u32 slot;

	local_irq_save(flags);
	if (state->urn_registered) {
		state->urn_registered = false;
		user_return_notifier_unregister(&state->urn);
	}
	local_irq_restore(flags);
	for (slot = 0; slot < uret_count; slot++) {
		struct uret_value *value = &state->uret[slot];

		if (value->read && value->host != value->curr) {
			wrmsrl(uret_msrs[slot], value->host);
			value->curr = value->host;
		}
	}
}

static void uret_on_user_return(struct user_return_notifier *urn)
{
	uret_restore(container_of(urn, struct cpu_state, urn));
}

int twinhype_uret_find(u32 msr)
{
	u32 slot;

	for (slot = 0; slot < uret_count; slot++)
		if (uret_msrs[slot] == msr)
			return slot;
	return -1;
}
EXPORT_SYMBOL_GPL(twinhype_uret_find);

int twinhype_uret_add(u32 msr)
{
	int slot, r;
	u64 value;

	mutex_lock(&uret_lock);
	slot = twinhype_uret_find(msr);
	if (slot >= 0)
		goto out;
	if (WARN_ON(uret_count == MAX_URET_MSRS))
		goto out;

	preempt_disable();
	r = rdmsrl_safe(msr, &value);
	if (!r)
		r = wrmsrl_safe(msr, value);
	preempt_enable();
	if (r)
		goto out;

	slot = uret_count;
	uret_msrs[slot] = msr;
	/* No guest uses this MSR yet, on any CPU: what is in it is the host's. */
	smp_store_release(&uret_count, slot + 1);
	on_each_cpu(uret_read_on_cpu, NULL, 1);
out:
	mutex_unlock(&uret_lock);
	return slot;
}
EXPORT_SYMBOL_GPL(twinhype_uret_add);

int twinhype_uret_set(u32 slot, u64 value, u64 mask)
{
	struct cpu_state *state = this_cpu_ptr(&cpu_states);
	struct uret_value *known = &state->uret[slot];

	value = (value & mask) | (known->host & ~mask);
	if (value == known->curr)
		return 0;
	if (wrmsrl_safe(uret_msrs[slot], value))
		return 1;
	known->curr = value;
	if (!state->urn_registered) {
		state->urn.on_user_return = uret_on_user_return;
		user_return_notifier_register(&state->urn);
		state->urn_registered = true;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(twinhype_uret_set);
