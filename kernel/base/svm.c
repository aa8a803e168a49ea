// SPDX-License-Identifier: GPL-2.0-only
/*
 * AMD: EFER.SVME, MSR_VM_HSAVE_PA, the TSC ratio and the record of the last
 * VMCB belong to the CPU, not to a twin. The host save area is a page of the
 * base, since a twin's go away with it.
 */
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/module.h>

#include <asm/asm.h>
#include <asm/mem_encrypt.h>
#include <asm/msr.h>
#include <asm/perf_event.h>
#include <asm/svm.h>

#include "base.h"

int svm_allocate(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		void *page = (void *)get_zeroed_page(GFP_KERNEL);

		if (!page) {
			svm_free();
			return -ENOMEM;
		}
		per_cpu(cpu_states, cpu).host_save_area = page;
	}
	return 0;
}

void svm_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		free_page((unsigned long)per_cpu(cpu_states, cpu).host_save_area);
		per_cpu(cpu_states, cpu).host_save_area = NULL;
	}
}

/*
 * GIF must be 1 before SVM goes off, or INIT and NMI stay blocked; STGI
 * raises #UD if an NMI turned SVM off meanwhile, and GIF is 1 then.
 */
void svm_off(void)
{
	u64 efer;

	wrmsrl(MSR_VM_HSAVE_PA, 0);
	rdmsrl(MSR_EFER, efer);
	if (!(efer & EFER_SVME))
		return;
	asm goto("1: stgi\n\t"
		 _ASM_EXTABLE(1b, %l[fault])
		 ::: "memory" : fault);
fault:
	wrmsrl(MSR_EFER, efer & ~EFER_SVME);
}

int twinhype_svm_get(u32 twin)
{
	struct cpu_state *state;
	unsigned long flags;
	int r = 0;
	u64 efer;

	local_irq_save(flags);
	state = this_cpu_ptr(&cpu_states);
	WARN_ON_ONCE(state->svm_users & BIT(twin));
	if (state->svm_users)
		goto out;

	rdmsrl(MSR_EFER, efer);
	if (efer & EFER_SVME) {
		r = -EBUSY;
		goto out;
	}
	uret_read_host_values();
	wrmsrl(MSR_EFER, efer | EFER_SVME);
	wrmsrl(MSR_VM_HSAVE_PA, __sme_set(virt_to_phys(state->host_save_area)));
	if (boot_cpu_has(X86_FEATURE_TSCRATEMSR)) {
		wrmsrl(MSR_AMD64_TSC_RATIO, SVM_TSC_RATIO_DEFAULT);
		state->tsc_ratio = SVM_TSC_RATIO_DEFAULT;
	}
	amd_pmu_enable_virt();
out:
	if (!r)
		state->svm_users |= BIT(twin);
	local_irq_restore(flags);
	return r;
}
EXPORT_SYMBOL_GPL(twinhype_svm_get);

void twinhype_svm_put(u32 twin)
{
	struct cpu_state *state;
	unsigned long flags;

	local_irq_save(flags);
	state = this_cpu_ptr(&cpu_states);
	if (WARN_ON_ONCE(!(state->svm_users & BIT(twin))))
		goto out;
	state->svm_users &= ~BIT(twin);
	if (state->svm_users)
		goto out;

	if (boot_cpu_has(X86_FEATURE_TSCRATEMSR))
		twinhype_svm_write_tsc_ratio(SVM_TSC_RATIO_DEFAULT);
	svm_off();
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

bool twinhype_svm_switch_vmcb(u32 twin, const void *vmcb)
{
	struct cpu_state *state = this_cpu_ptr(&cpu_states);

	if (state->current_vmcb == vmcb)
		return false;
	state->current_vmcb = vmcb;
	state->vmcb_owner = twin;
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

void twinhype_svm_bp_spec_reduce(u32 twin, bool on)
{
#ifdef MSR_ZEN4_BP_CFG_BP_SPEC_REDUCE_BIT
	struct cpu_state *state;
	unsigned long flags;
	u32 users;

	local_irq_save(flags);
	state = this_cpu_ptr(&cpu_states);
	users = state->bp_spec_reduce_users;
	state->bp_spec_reduce_users = on ? users | BIT(twin) : users & ~BIT(twin);
	if (!users && state->bp_spec_reduce_users)
		msr_set_bit(MSR_ZEN4_BP_CFG, MSR_ZEN4_BP_CFG_BP_SPEC_REDUCE_BIT);
	else if (users && !state->bp_spec_reduce_users)
		msr_clear_bit(MSR_ZEN4_BP_CFG, MSR_ZEN4_BP_CFG_BP_SPEC_REDUCE_BIT);
	local_irq_restore(flags);
#endif
}
EXPORT_SYMBOL_GPL(twinhype_svm_bp_spec_reduce);

void twinhype_svm_asid_range(u32 twin, u32 count, u32 *first, u32 *last)
{
	struct tag_range range = tag_range(twin, count);

	*first = range.first;
	*last = range.last;
}
EXPORT_SYMBOL_GPL(twinhype_svm_asid_range);
