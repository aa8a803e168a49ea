// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the guest's kernel: what does the hypervisor under us do with INVLPGA
 * while EFER.SVME is clear? Reading the parameter "outcome" executes it once:
 *
 *   trapped	#UD, as the processor would do (CVE-2026-46082 fixed)
 *   executed	carried out by the hypervisor (not fixed)
 *
 * Harmless either way: at most one TLB entry of this guest, for an address
 * that nothing uses, is dropped.
 */
#include <linux/module.h>
#include <asm/asm.h>

static int outcome_get(char *buffer, const struct kernel_param *param)
{
	bool trapped = true;

	/* asm goto: on #UD the exception table continues at "out". */
	asm goto("1: invlpga %%rax, %%ecx\n\t"
		 _ASM_EXTABLE(1b, %l[out])
		 : : "a" (0x1000UL), "c" (0) : : out);
	trapped = false;
out:
	return sysfs_emit(buffer, "%s\n", trapped ? "trapped" : "executed");
}

static const struct kernel_param_ops outcome_ops = {
	.get = outcome_get,
};

module_param_cb(outcome, &outcome_ops, NULL, 0444);
MODULE_PARM_DESC(outcome, "what INVLPGA does now: trapped or executed");

MODULE_DESCRIPTION("Shows from inside a guest whether CVE-2026-46082 is fixed under it");
MODULE_AUTHOR("TwinHype");
MODULE_LICENSE("GPL");
