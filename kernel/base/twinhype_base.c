// SPDX-License-Identifier: GPL-2.0-only
/*
 * TwinHype base module: what two hypervisors on one machine must share.
 *
 * Each section below names the collision it removes; line numbers of the
 * originals are in kernel/edits/, next to the edits that call in here.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/user-return-notifier.h>

#include <asm/hypervisor.h>
#include <asm/mem_encrypt.h>
#include <asm/msr.h>
#include <asm/perf_event.h>
#include <asm/svm.h>
#include <asm/virtext.h>

#include "twinhype_base.h"

#define MAX_URET_MSRS 16

struct uret_value {
	u64 host;
	u64 curr;
	bool read;		/* host and curr are valid on this CPU */
};

/* What one CPU has loaded, whichever twin loaded it. */
struct cpu_state {
	struct page *host_save_area;
	u32 svm_references;
	u64 tsc_ratio;
	const void *current_vmcb;
	struct user_return_notifier urn;
	bool urn_registered;
	struct uret_value uret[MAX_URET_MSRS];
};

static DEFINE_PER_CPU(struct cpu_state, cpu_states);

struct twin_state {
	bool attached;
	twinhype_cpu_hook starting, dying;
	twinhype_cpu_hook clock_online, clock_down;
	struct perf_guest_info_callbacks __rcu *perf;
};

static struct twin_state twins[TWINHYPE_TWINS];
static DEFINE_MUTEX(twins_lock);

/* Attaching: one A, one B, both built for this ABI. */

int twinhype_attach(u32 abi, u32 twin)
{
	int r = 0;

	if (abi != TWINHYPE_ABI) {
		pr_err("refused hypervisor %c: it is built for ABI %u, this base offers %u; rebuild it\n",
		       'A' + twin, abi, TWINHYPE_ABI);
		return -EINVAL;
	}
	if (twin >= TWINHYPE_TWINS)
		return -EINVAL;

	mutex_lock(&twins_lock);
	if (twins[twin].attached)
		r = -EBUSY;
	else
		twins[twin].attached = true;
	mutex_unlock(&twins_lock);
	return r;
}
EXPORT_SYMBOL_GPL(twinhype_attach);

void twinhype_detach(u32 twin)
{
	mutex_lock(&twins_lock);
	WARN_ON(twins[twin].starting || twins[twin].clock_online);
	WARN_ON(rcu_access_pointer(twins[twin].perf));
	twins[twin].attached = false;
	mutex_unlock(&twins_lock);
}
EXPORT_SYMBOL_GPL(twinhype_detach);

/*
 * CPU hotplug: CPUHP_AP_KVM_STARTING and CPUHP_AP_X86_KVM_CLK_ONLINE are
 * one slot each. Hooks change under cpus_read_lock(), so that no CPU comes or
 * goes meanwhile and a cleared hook is never entered again.
 */

static int base_starting_cpu(unsigned int cpu)
{
	int i;

	for (i = 0; i < TWINHYPE_TWINS; i++)
		if (twins[i].starting)
			twins[i].starting(cpu);
	return 0;
}

static int base_dying_cpu(unsigned int cpu)
{
	struct cpu_state *state = per_cpu_ptr(&cpu_states, cpu);
	int i;

	for (i = TWINHYPE_TWINS - 1; i >= 0; i--)
		if (twins[i].dying)
			twins[i].dying(cpu);
	/* A CPU that comes back has its MSRs set anew: read them again then. */
	for (i = 0; i < MAX_URET_MSRS; i++)
		state->uret[i].read = false;
	return 0;
}

static int base_clock_online(unsigned int cpu)
{
	int i;

	for (i = 0; i < TWINHYPE_TWINS; i++)
		if (twins[i].clock_online)
			twins[i].clock_online(cpu);
	return 0;
}

static int base_clock_down(unsigned int cpu)
{
	int i;

	for (i = TWINHYPE_TWINS - 1; i >= 0; i--)
		if (twins[i].clock_down)
			twins[i].clock_down(cpu);
	return 0;
}

int twinhype_set_cpu_hooks(u32 twin, twinhype_cpu_hook starting, twinhype_cpu_hook dying)
{
	cpus_read_lock();
	twins[twin].starting = starting;
	twins[twin].dying = dying;
	cpus_read_unlock();
	return 0;
}
EXPORT_SYMBOL_GPL(twinhype_set_cpu_hooks);

void twinhype_clear_cpu_hooks(u32 twin)
{
	twinhype_set_cpu_hooks(twin, NULL, NULL);
}
EXPORT_SYMBOL_GPL(twinhype_clear_cpu_hooks);

static void call_hook(void *hook)
{
	((twinhype_cpu_hook)hook)(smp_processor_id());
}

int twinhype_set_clock_hooks(u32 twin, twinhype_cpu_hook online, twinhype_cpu_hook down)
{
	cpus_read_lock();
	twins[twin].clock_online = online;
	twins[twin].clock_down = down;
	if (online)
		on_each_cpu(call_hook, online, 1);
	cpus_read_unlock();
	return 0;
}
EXPORT_SYMBOL_GPL(twinhype_set_clock_hooks);

void twinhype_clear_clock_hooks(u32 twin)
{
	twinhype_set_clock_hooks(twin, NULL, NULL);
}
EXPORT_SYMBOL_GPL(twinhype_clear_clock_hooks);

/*
 * perf guest callbacks: one set in the kernel, called from NMI context. At
 * most one twin runs a guest on this CPU at a time; it is the one whose state
 * is not 0.
 */

static struct perf_guest_info_callbacks *running_callbacks(unsigned int *state)
{
	struct perf_guest_info_callbacks *callbacks;
	int i;

	for (i = 0; i < TWINHYPE_TWINS; i++) {
		callbacks = rcu_dereference(twins[i].perf);
		if (!callbacks)
			continue;
		*state = callbacks->state();
		if (*state)
			return callbacks;
	}
	*state = 0;
	return NULL;
}

static unsigned int base_guest_state(void)
{
	unsigned int state;

	rcu_read_lock();
	running_callbacks(&state);
	rcu_read_unlock();
	return state;
}

static unsigned long base_guest_ip(void)
{
	struct perf_guest_info_callbacks *callbacks;
	unsigned long ip = 0;
	unsigned int state;

	rcu_read_lock();
	callbacks = running_callbacks(&state);
	if (callbacks)
		ip = callbacks->get_ip();
	rcu_read_unlock();
	return ip;
}

static struct perf_guest_info_callbacks base_guest_callbacks = {
	.state	= base_guest_state,
	.get_ip	= base_guest_ip,
};

void twinhype_set_perf_callbacks(u32 twin, struct perf_guest_info_callbacks *callbacks)
{
	rcu_assign_pointer(twins[twin].perf, callbacks);
}
EXPORT_SYMBOL_GPL(twinhype_set_perf_callbacks);

void twinhype_clear_perf_callbacks(u32 twin)
{
	RCU_INIT_POINTER(twins[twin].perf, NULL);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(twinhype_clear_perf_callbacks);

/*
 * User-return MSRs: one cache per CPU of what is in the MSR now. With a cache
 * per twin, a vCPU of one that follows a vCPU of the other without a return to
 * user space believes its value is still loaded (seen: wrong TSC_AUX).
 */

static u32 uret_msrs[MAX_URET_MSRS];
static u32 uret_count;

static void uret_read_host(struct cpu_state *state, u32 slot)
{
	struct uret_value *value = &state->uret[slot];

	if (value->read)
		return;
	rdmsrl_safe(uret_msrs[slot], &value->host);
	value->curr = value->host;
	value->read = true;
}

static void uret_read_all(void *unused)
{
	u32 slot;

	for (slot = 0; slot < uret_count; slot++)
		uret_read_host(this_cpu_ptr(&cpu_states), slot);
}

static void uret_restore(struct cpu_state *state)
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

	mutex_lock(&twins_lock);
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
	on_each_cpu(uret_read_all, NULL, 1);
out:
	mutex_unlock(&twins_lock);
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

/*
 * SVM: EFER.SVME and MSR_VM_HSAVE_PA belong to the CPU, not to a twin. The
 * host save area is a page of the base, since a twin's go away with it.
 */

int twinhype_svm_get(void)
{
	struct cpu_state *state;
	unsigned long flags;
	int r = 0;
	u64 efer;

	local_irq_save(flags);
	state = this_cpu_ptr(&cpu_states);
	if (state->svm_references++)
		goto out;

	rdmsrl(MSR_EFER, efer);
	if (efer & EFER_SVME) {
		state->svm_references = 0;
		r = -EBUSY;
		goto out;
	}
	uret_read_all(NULL);
	wrmsrl(MSR_EFER, efer | EFER_SVME);
	wrmsrl(MSR_VM_HSAVE_PA, __sme_set(page_to_phys(state->host_save_area)));
	if (boot_cpu_has(X86_FEATURE_TSCRATEMSR)) {
		wrmsrl(MSR_AMD64_TSC_RATIO, SVM_TSC_RATIO_DEFAULT);
		state->tsc_ratio = SVM_TSC_RATIO_DEFAULT;
	}
	amd_pmu_enable_virt();
out:
	local_irq_restore(flags);
	return r;
}
EXPORT_SYMBOL_GPL(twinhype_svm_get);

void twinhype_svm_put(void)
{
	struct cpu_state *state;
	unsigned long flags;

	local_irq_save(flags);
	state = this_cpu_ptr(&cpu_states);
	if (WARN_ON_ONCE(!state->svm_references) || --state->svm_references)
		goto out;

	if (boot_cpu_has(X86_FEATURE_TSCRATEMSR))
		twinhype_svm_write_tsc_ratio(SVM_TSC_RATIO_DEFAULT);
	cpu_svm_disable();
	amd_pmu_disable_virt();
	state->current_vmcb = NULL;
	uret_restore(state);
out:
	local_irq_restore(flags);
}
EXPORT_SYMBOL_GPL(twinhype_svm_put);

void twinhype_svm_write_tsc_ratio(u64 ratio)
{
	struct cpu_state *state;

	preempt_disable();
	state = this_cpu_ptr(&cpu_states);
	if (ratio != state->tsc_ratio) {
		wrmsrl(MSR_AMD64_TSC_RATIO, ratio);
		state->tsc_ratio = ratio;
	}
	preempt_enable();
}
EXPORT_SYMBOL_GPL(twinhype_svm_write_tsc_ratio);

bool twinhype_svm_switch_vmcb(const void *vmcb)
{
	struct cpu_state *state = this_cpu_ptr(&cpu_states);

	if (state->current_vmcb == vmcb)
		return false;
	state->current_vmcb = vmcb;
	return true;
}
EXPORT_SYMBOL_GPL(twinhype_svm_switch_vmcb);

void twinhype_svm_forget_vmcb(const void *vmcb)
{
	int cpu;

	for_each_possible_cpu(cpu)
		cmpxchg(per_cpu_ptr(&cpu_states.current_vmcb, cpu), vmcb, NULL);
}
EXPORT_SYMBOL_GPL(twinhype_svm_forget_vmcb);

void twinhype_svm_asid_range(u32 twin, u32 count, u32 *first, u32 *last)
{
	u32 share = (count - 1) / TWINHYPE_TWINS;

	*first = 1 + twin * share;
	*last = *first + share - 1;
}
EXPORT_SYMBOL_GPL(twinhype_svm_asid_range);

/* Loading and unloading the base itself. */

static void free_save_areas(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (per_cpu(cpu_states, cpu).host_save_area)
			__free_page(per_cpu(cpu_states, cpu).host_save_area);
}

static int __init base_init(void)
{
	int cpu, r;

	if (!boot_cpu_has(X86_FEATURE_SVM)) {
		pr_err("this processor offers no SVM: enable it in the firmware, or use an AMD machine\n");
		return -EOPNOTSUPP;
	}
	if (hypervisor_is_type(X86_HYPER_MS_HYPERV)) {
		pr_err("refused on Hyper-V: its TSC callback can't be shared by two hypervisors yet\n");
		return -EOPNOTSUPP;
	}

	for_each_possible_cpu(cpu) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

		if (!page) {
			r = -ENOMEM;
			goto err_pages;
		}
		per_cpu(cpu_states, cpu).host_save_area = page;
	}

	r = cpuhp_setup_state_nocalls(CPUHP_AP_KVM_STARTING, "twinhype/cpu:starting",
				      base_starting_cpu, base_dying_cpu);
	if (r) {
		pr_err("the kernel's KVM hotplug state is taken (%d): unload kvm, kvm_amd and kvm_intel first\n", r);
		goto err_pages;
	}
	r = cpuhp_setup_state_nocalls(CPUHP_AP_X86_KVM_CLK_ONLINE, "twinhype/clk:online",
				      base_clock_online, base_clock_down);
	if (r)
		goto err_starting;

	perf_register_guest_info_callbacks(&base_guest_callbacks);
	return 0;

err_starting:
	cpuhp_remove_state_nocalls(CPUHP_AP_KVM_STARTING);
err_pages:
	free_save_areas();
	return r;
}

static void __exit base_exit(void)
{
	perf_unregister_guest_info_callbacks(&base_guest_callbacks);
	cpuhp_remove_state_nocalls(CPUHP_AP_X86_KVM_CLK_ONLINE);
	cpuhp_remove_state_nocalls(CPUHP_AP_KVM_STARTING);
	free_save_areas();
}

module_init(base_init);
module_exit(base_exit);

#ifdef TWINHYPE_IDENTITY
MODULE_VERSION(TWINHYPE_IDENTITY);
MODULE_INFO(twinhype_identity, TWINHYPE_IDENTITY);
#endif
MODULE_INFO(twinhype_abi, __stringify(TWINHYPE_ABI));
MODULE_DESCRIPTION("What two hypervisors on one machine must share");
MODULE_AUTHOR("TwinHype");
MODULE_LICENSE("GPL");
