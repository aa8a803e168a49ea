// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel: VMX operation, its VMXON region and the record of the loaded VMCS
 * belong to the CPU, not to a twin. Each twin keeps the list of its own VMCSs.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/module.h>

#include <asm/asm.h>
#include <asm/msr.h>
#include <asm/perf_event.h>
#include <asm/processor-flags.h>
#include <asm/tlbflush.h>

#include "base.h"

/* SDM vol. 3, A.1: bits 30:0 of IA32_VMX_BASIC, the first word of the region. */
#define REVISION_MASK	0x7fffffff

int vmx_allocate(void)
{
	u64 basic;
	int cpu;

	rdmsrl(MSR_IA32_VMX_BASIC, basic);
	for_each_possible_cpu(cpu) {
		void *page = (void *)get_zeroed_page(GFP_KERNEL);

		if (!page) {
			vmx_free();
			return -ENOMEM;
		}
		*(u32 *)page = basic & REVISION_MASK;
		per_cpu(cpu_states, cpu).vmxon_region = page;
	}
	return 0;
}

void vmx_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		free_page((unsigned long)per_cpu(cpu_states, cpu).vmxon_region);
		per_cpu(cpu_states, cpu).vmxon_region = NULL;
	}
}

static int vmx_on(void *region)
{
	u64 address = virt_to_phys(region);
	u64 control = 0;

	cr4_set_bits(X86_CR4_VMXE);
	asm goto("1: vmxon %[address]\n\t"
		 _ASM_EXTABLE(1b, %l[fault])
		 : : [address] "m"(address) : "cc", "memory" : fault);
	return 0;

fault:
	rdmsrl_safe(MSR_IA32_FEAT_CTL, &control);
	WARN_ONCE(1, "VMXON faulted, MSR_IA32_FEAT_CTL = 0x%llx\n", control);
	cr4_clear_bits(X86_CR4_VMXE);
	return -EFAULT;
}

/* VMXOFF raises #UD where an NMI has left VMX operation already. */
int vmx_off(void)
{
	int r = 0;

	if (!(__read_cr4() & X86_CR4_VMXE))
		return 0;
	asm goto("1: vmxoff\n\t"
		 _ASM_EXTABLE(1b, %l[fault])
		 ::: "cc", "memory" : fault);
out:
	cr4_clear_bits(X86_CR4_VMXE);
	return r;

fault:
	r = -EIO;
	goto out;
}

int twinhype_vmx_get(u32 twin)
{
	struct cpu_state *state;
	unsigned long flags;
	int r = 0;

	local_irq_save(flags);
	state = this_cpu_ptr(&cpu_states);
	WARN_ON_ONCE(state->vmx_users & BIT(twin));
	if (state->vmx_users)
		goto out;

	if (cr4_read_shadow() & X86_CR4_VMXE) {
		r = -EBUSY;
		goto out;
	}
	uret_read_host_values();
	/* Intel PT may not trace where VMX operation begins and ends. */
	intel_pt_handle_vmx(1);
	r = vmx_on(state->vmxon_region);
	if (r)
		intel_pt_handle_vmx(0);
	state->current_vmcs = NULL;
out:
	if (!r)
		state->vmx_users |= BIT(twin);
	local_irq_restore(flags);
	return r;
}
EXPORT_SYMBOL_GPL(twinhype_vmx_get);

void twinhype_vmx_put(u32 twin)
{
	struct cpu_state *state;
	unsigned long flags;

	local_irq_save(flags);
	state = this_cpu_ptr(&cpu_states);
	if (WARN_ON_ONCE(!(state->vmx_users & BIT(twin))))
		goto out;
	state->vmx_users &= ~BIT(twin);
	if (state->vmx_users)
		goto out;

	WARN_ONCE(vmx_off(), "VMXOFF faulted\n");
	intel_pt_handle_vmx(0);
	state->current_vmcs = NULL;
	uret_restore(state);
out:
	local_irq_restore(flags);
}
EXPORT_SYMBOL_GPL(twinhype_vmx_put);

const void *twinhype_vmx_switch_vmcs(u32 twin, const void *vmcs)
{
	struct cpu_state *state = this_cpu_ptr(&cpu_states);
	const void *previous = state->current_vmcs;

	if (previous != vmcs) {
		state->current_vmcs = vmcs;
		state->vmcs_owner = twin;
	}
	return previous;
}
EXPORT_SYMBOL_GPL(twinhype_vmx_switch_vmcs);

void twinhype_vmx_forget_vmcs(const void *vmcs)
{
	/* A CPU that goes offline calls this from its own thread, preemptible. */
	struct cpu_state *state = raw_cpu_ptr(&cpu_states);

	if (state->current_vmcs == vmcs)
		state->current_vmcs = NULL;
}
EXPORT_SYMBOL_GPL(twinhype_vmx_forget_vmcs);

void twinhype_vmx_reserve_vpids(u32 twin, unsigned long *taken, u32 count)
{
	struct tag_range range = tag_range(twin, count);

	bitmap_set(taken, 0, range.first);
	bitmap_set(taken, range.last + 1, count - range.last - 1);
}
EXPORT_SYMBOL_GPL(twinhype_vmx_reserve_vpids);
