// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything of which the kernel has one: a callback that is registered here
 * once and dispatched to both twins, or a variable that tells of both.
 *
 * Hooks are called in contexts that are RCU readers (interrupts off, NMI, or
 * rcu_read_lock() below), so that none is entered after it was cleared and
 * synchronize_rcu() returned.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/amd-iommu.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/perf_event.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/version.h>

#include <asm/irq.h>
#include <asm/mshyperv.h>
#include <asm/reboot.h>
#include <asm/vmx.h>

#include "base.h"

/* Written by KVM, read by the kernel's vulnerabilities files; no header has it. */
extern bool itlb_multihit_kvm_mitigation;

struct twin_slots {
	twinhype_cpu_hook up, down;
	twinhype_cpu_hook clock_online, clock_down;
	struct perf_guest_info_callbacks __rcu *perf;
	void (*emergency)(void);
	void (*wakeup)(void);
	int (*ga_log)(u32 tag);
	void (*hv_tsc)(void);
	u32 l1tf;
	bool nx_reported, nx_huge_pages;
};

static struct twin_slots twins[TWINHYPE_TWINS];
static DEFINE_MUTEX(slots_lock);

/*
 * CPU hotplug: the KVM state and CPUHP_AP_X86_KVM_CLK_ONLINE are one slot
 * each. Hooks change under cpus_read_lock(), so that no CPU comes or goes
 * meanwhile and a cleared hook is never entered again.
 */

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define KVM_CPU_STATE		CPUHP_AP_KVM_ONLINE
#define SETTING_CALLS_HOOKS	true
#else
#define KVM_CPU_STATE		CPUHP_AP_KVM_STARTING
#define SETTING_CALLS_HOOKS	false
#endif

static int base_cpu_up(unsigned int cpu)
{
	int i, r;

	for (i = 0; i < TWINHYPE_TWINS; i++) {
		if (!twins[i].up)
			continue;
		r = twins[i].up(cpu);
		if (r)
			goto undo;
	}
	return 0;

undo:
	while (--i >= 0)
		if (twins[i].down)
			twins[i].down(cpu);
	return r;
}

static int base_cpu_down(unsigned int cpu)
{
	int i;

	for (i = TWINHYPE_TWINS - 1; i >= 0; i--)
		if (twins[i].down)
			twins[i].down(cpu);
	uret_forget(per_cpu_ptr(&cpu_states, cpu));
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

struct hook_call {
	twinhype_cpu_hook hook;
	int result;
};

static void call_hook(void *data)
{
	struct hook_call *call = data;
	int r = call->hook(smp_processor_id());

	if (r)
		WRITE_ONCE(call->result, r);
}

static int call_on_all_cpus(twinhype_cpu_hook hook)
{
	struct hook_call call = { .hook = hook };

	on_each_cpu(call_hook, &call, 1);
	return call.result;
}

int twinhype_set_cpu_hooks(u32 twin, twinhype_cpu_hook up, twinhype_cpu_hook down)
{
	int r = 0;

	cpus_read_lock();
	if (SETTING_CALLS_HOOKS)
		r = call_on_all_cpus(up);
	if (r) {
		/* A CPU whose up failed, or was never called, ignores it. */
		call_on_all_cpus(down);
	} else {
		twins[twin].up = up;
		twins[twin].down = down;
	}
	cpus_read_unlock();
	return r;
}
EXPORT_SYMBOL_GPL(twinhype_set_cpu_hooks);

void twinhype_clear_cpu_hooks(u32 twin)
{
	cpus_read_lock();
	if (SETTING_CALLS_HOOKS && twins[twin].down)
		call_on_all_cpus(twins[twin].down);
	twins[twin].up = NULL;
	twins[twin].down = NULL;
	cpus_read_unlock();
}
EXPORT_SYMBOL_GPL(twinhype_clear_cpu_hooks);

int twinhype_set_clock_hooks(u32 twin, twinhype_cpu_hook online, twinhype_cpu_hook down)
{
	cpus_read_lock();
	twins[twin].clock_online = online;
	twins[twin].clock_down = down;
	if (online)
		call_on_all_cpus(online);
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

/* Not 0: a twin's guest traces itself, and the interrupt is its own. */
static unsigned int base_guest_intel_pt_intr(void)
{
	struct perf_guest_info_callbacks *callbacks;
	unsigned int handled = 0;
	int i;

	rcu_read_lock();
	for (i = 0; i < TWINHYPE_TWINS && !handled; i++) {
		callbacks = rcu_dereference(twins[i].perf);
		if (callbacks && callbacks->handle_intel_pt_intr)
			handled = callbacks->handle_intel_pt_intr();
	}
	rcu_read_unlock();
	return handled;
}

static struct perf_guest_info_callbacks base_guest_callbacks = {
	.state			= base_guest_state,
	.get_ip			= base_guest_ip,
	.handle_intel_pt_intr	= base_guest_intel_pt_intr,
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
 * Crash and forced reboot. Virtualization goes off only when both twins have
 * cleared their VMCSs: VMCLEAR after VMXOFF raises #UD, and a VMCS that is not
 * cleared may be written to memory while the crash kernel runs.
 */

static void base_emergency(void)
{
	void (*hook)(void);
	int i;

	for (i = 0; i < TWINHYPE_TWINS; i++) {
		hook = READ_ONCE(twins[i].emergency);
		if (hook)
			hook();
	}
	if (base_vendor == TWINHYPE_VMX)
		vmx_off();
	else
		svm_off();
}

void twinhype_set_emergency_hook(u32 twin, void (*hook)(void))
{
	WRITE_ONCE(twins[twin].emergency, hook);
}
EXPORT_SYMBOL_GPL(twinhype_set_emergency_hook);

void twinhype_clear_emergency_hook(u32 twin)
{
	WRITE_ONCE(twins[twin].emergency, NULL);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(twinhype_clear_emergency_hook);

/* The wake-up vector tells no VM: each twin looks through its own vCPUs. */

static void base_wakeup(void)
{
	void (*hook)(void);
	int i;

	for (i = 0; i < TWINHYPE_TWINS; i++) {
		hook = READ_ONCE(twins[i].wakeup);
		if (hook)
			hook();
	}
}

void twinhype_set_wakeup_hook(u32 twin, void (*hook)(void))
{
	WRITE_ONCE(twins[twin].wakeup, hook);
	if (!hook)
		synchronize_rcu();
}
EXPORT_SYMBOL_GPL(twinhype_set_wakeup_hook);

/*
 * GA log: a tag names a VM and vCPU by numbers that each twin counts from 1,
 * so both are asked; at worst a vCPU looks for an interrupt it does not have.
 */

static int base_ga_log(u32 tag)
{
	int (*hook)(u32 tag);
	int i;

	rcu_read_lock();
	for (i = 0; i < TWINHYPE_TWINS; i++) {
		hook = READ_ONCE(twins[i].ga_log);
		if (hook)
			hook(tag);
	}
	rcu_read_unlock();
	return 0;
}

static bool any_ga_log_hook(void)
{
	int i;

	for (i = 0; i < TWINHYPE_TWINS; i++)
		if (twins[i].ga_log)
			return true;
	return false;
}

int twinhype_set_ga_log_hook(u32 twin, int (*hook)(u32 tag))
{
	int r = 0;

	mutex_lock(&slots_lock);
	if (!any_ga_log_hook())
		r = amd_iommu_register_ga_log_notifier(base_ga_log);
	WRITE_ONCE(twins[twin].ga_log, hook);
	mutex_unlock(&slots_lock);
	return r;
}
EXPORT_SYMBOL_GPL(twinhype_set_ga_log_hook);

void twinhype_clear_ga_log_hook(u32 twin)
{
	mutex_lock(&slots_lock);
	if (twins[twin].ga_log) {
		WRITE_ONCE(twins[twin].ga_log, NULL);
		if (!any_ga_log_hook())
			amd_iommu_register_ga_log_notifier(NULL);
		synchronize_rcu();
	}
	mutex_unlock(&slots_lock);
}
EXPORT_SYMBOL_GPL(twinhype_clear_ga_log_hook);

/*
 * Hyper-V under us has moved the host to a machine with another TSC. Called in
 * a work item; a lock of its own, as the kernel waits for that to clear it.
 */

static DEFINE_MUTEX(hv_tsc_lock);

static void base_hv_tsc(void)
{
	int i;

	mutex_lock(&hv_tsc_lock);
	for (i = 0; i < TWINHYPE_TWINS; i++)
		if (twins[i].hv_tsc)
			twins[i].hv_tsc();
	mutex_unlock(&hv_tsc_lock);
}

void twinhype_set_hv_tsc_hook(u32 twin, void (*hook)(void))
{
	bool before = false, after = false;
	int i;

	mutex_lock(&slots_lock);
	mutex_lock(&hv_tsc_lock);
	for (i = 0; i < TWINHYPE_TWINS; i++)
		before |= twins[i].hv_tsc != NULL;
	twins[twin].hv_tsc = hook;
	for (i = 0; i < TWINHYPE_TWINS; i++)
		after |= twins[i].hv_tsc != NULL;
	mutex_unlock(&hv_tsc_lock);
	if (!before && after)
		set_hv_tscchange_cb(base_hv_tsc);
	else if (before && !after)
		clear_hv_tscchange_cb();
	mutex_unlock(&slots_lock);
}
EXPORT_SYMBOL_GPL(twinhype_set_hv_tsc_hook);

/*
 * What the kernel reports of KVM's mitigations. The states of L1TF are in the
 * order of their strength, and 0 (AUTO) is no KVM.
 */

static void report(void)
{
	bool nx_reported = false, nx_huge_pages = true;
	u32 l1tf = VMENTER_L1D_FLUSH_AUTO;
	int i;

	for (i = 0; i < TWINHYPE_TWINS; i++) {
		if (twins[i].l1tf && (!l1tf || twins[i].l1tf < l1tf))
			l1tf = twins[i].l1tf;
		if (twins[i].nx_reported) {
			nx_reported = true;
			nx_huge_pages &= twins[i].nx_huge_pages;
		}
	}
	if (base_vendor == TWINHYPE_VMX)
		l1tf_vmx_mitigation = l1tf;
	itlb_multihit_kvm_mitigation = nx_reported && nx_huge_pages;
}

void twinhype_report_l1tf(u32 twin, u32 state)
{
	mutex_lock(&slots_lock);
	twins[twin].l1tf = state;
	report();
	mutex_unlock(&slots_lock);
}
EXPORT_SYMBOL_GPL(twinhype_report_l1tf);

u32 twinhype_l1tf(u32 twin)
{
	return READ_ONCE(twins[twin].l1tf);
}
EXPORT_SYMBOL_GPL(twinhype_l1tf);

void twinhype_report_nx_huge_pages(u32 twin, bool on)
{
	mutex_lock(&slots_lock);
	twins[twin].nx_reported = true;
	twins[twin].nx_huge_pages = on;
	report();
	mutex_unlock(&slots_lock);
}
EXPORT_SYMBOL_GPL(twinhype_report_nx_huge_pages);

/* Taking the slots for the base, and giving them back. */

const char *slots_clear(u32 twin)
{
	struct twin_slots *slots = &twins[twin];
	const char *left = NULL;

	if (slots->up || slots->down)
		left = "its CPU hooks";
	else if (slots->clock_online || slots->clock_down)
		left = "its clock hooks";
	else if (rcu_access_pointer(slots->perf))
		left = "its perf callbacks";
	else if (slots->emergency)
		left = "its emergency hook";
	else if (slots->wakeup)
		left = "its wake-up hook";
	else if (slots->hv_tsc)
		left = "its Hyper-V TSC hook";

	/* KVM never gives these back; see amd_iommu_register_ga_log_notifier(). */
	twinhype_clear_ga_log_hook(twin);
	twinhype_set_hv_tsc_hook(twin, NULL);
	cpus_read_lock();
	mutex_lock(&slots_lock);
	memset(slots, 0, sizeof(*slots));
	report();
	mutex_unlock(&slots_lock);
	cpus_read_unlock();
	synchronize_rcu();
	return left;
}

int slots_take(void)
{
	int r;

	r = cpuhp_setup_state_nocalls(KVM_CPU_STATE, "twinhype/cpu:online",
				      base_cpu_up, base_cpu_down);
	if (r) {
		pr_err("the kernel's KVM hotplug state is taken (%d): unload kvm, kvm_amd and kvm_intel first\n", r);
		return r;
	}
	r = cpuhp_setup_state_nocalls(CPUHP_AP_X86_KVM_CLK_ONLINE, "twinhype/clk:online",
				      base_clock_online, base_clock_down);
	if (r) {
		pr_err("the kernel's KVM clock state is taken (%d): unload kvm, kvm_amd and kvm_intel first\n", r);
		cpuhp_remove_state_nocalls(KVM_CPU_STATE);
		return r;
	}
	perf_register_guest_info_callbacks(&base_guest_callbacks);
	cpu_emergency_register_virt_callback(base_emergency);
	kvm_set_posted_intr_wakeup_handler(base_wakeup);
	return 0;
}

void slots_give_back(void)
{
	kvm_set_posted_intr_wakeup_handler(NULL);
	cpu_emergency_unregister_virt_callback(base_emergency);
	perf_unregister_guest_info_callbacks(&base_guest_callbacks);
	cpuhp_remove_state_nocalls(CPUHP_AP_X86_KVM_CLK_ONLINE);
	cpuhp_remove_state_nocalls(KVM_CPU_STATE);
}
