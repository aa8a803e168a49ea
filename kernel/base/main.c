// SPDX-License-Identifier: GPL-2.0-only
/*
 * TwinHype base module: what two hypervisors on one machine must share.
 * docs/collisions.md tells which collision is handled where.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/hypervisor.h>

#include "base.h"

static_assert(sizeof(struct twinhype_description) == TWINHYPE_DESCRIPTION_SIZE);

DEFINE_PER_CPU(struct cpu_state, cpu_states);

u32 base_vendor;

static bool attached[TWINHYPE_TWINS];
static DEFINE_MUTEX(attach_lock);

static const char *vendor_name(u32 vendor)
{
	return vendor == TWINHYPE_SVM ? "svm" : vendor == TWINHYPE_VMX ? "vmx" : "an unknown vendor";
}

struct tag_range tag_range(u32 twin, u32 count)
{
	u32 share = (count - 1) / TWINHYPE_TWINS;

	return (struct tag_range) { 1 + twin * share, 1 + twin * share + share - 1 };
}

/* Attaching: one A, one B, both built for this ABI and this processor. */

static int check_description(u32 twin, const struct twinhype_description *description, u32 size)
{
	if (size != sizeof(*description)) {
		pr_err("refused hypervisor %c: it describes itself in %u bytes, this base in %zu; rebuild it\n",
		       twin_letter(twin), size, sizeof(*description));
		return -EINVAL;
	}
	if (description->vendor != base_vendor) {
		pr_err("refused hypervisor %c: it is built for %s, this processor has %s; build it with --vendor %s\n",
		       twin_letter(twin), vendor_name(description->vendor),
		       vendor_name(base_vendor), vendor_name(base_vendor));
		return -EOPNOTSUPP;
	}
	if (base_vendor == TWINHYPE_SVM && asid_count() <= TWINHYPE_TWINS) {
		pr_err("refused hypervisor %c: this processor has %u ASIDs, two hypervisors need one each beside the host's\n",
		       twin_letter(twin), asid_count());
		return -EOPNOTSUPP;
	}
	return 0;
}

int twinhype_attach(u32 abi, u32 twin, const void *description, u32 size)
{
	char identity[sizeof_field(struct twinhype_description, identity)];
	int r;

	if (twin >= TWINHYPE_TWINS) {
		pr_err("refused a hypervisor that is number %u: there are A and B\n", twin + 1);
		return -EINVAL;
	}
	if (abi != TWINHYPE_ABI) {
		pr_err("refused hypervisor %c: it is built for ABI %u, this base offers %u; rebuild it\n",
		       twin_letter(twin), abi, TWINHYPE_ABI);
		r = -EINVAL;
		goto refused;
	}
	r = check_description(twin, description, size);
	if (r)
		goto refused;
	strscpy(identity, ((const struct twinhype_description *)description)->identity,
		sizeof(identity));

	mutex_lock(&attach_lock);
	if (attached[twin]) {
		r = -EBUSY;
	} else {
		attached[twin] = true;
		observe_attach(twin, identity);
	}
	mutex_unlock(&attach_lock);
	return r;

refused:
	/* Module parameters report before a twin attaches. */
	mutex_lock(&attach_lock);
	if (!attached[twin])
		slots_clear(twin);
	mutex_unlock(&attach_lock);
	return r;
}
EXPORT_SYMBOL_GPL(twinhype_attach);

void twinhype_detach(u32 twin)
{
	const char *left;
	int cpu;

	mutex_lock(&attach_lock);
	left = slots_clear(twin);
	WARN(left, "hypervisor %c detached without giving back %s\n", twin_letter(twin), left);
	for_each_possible_cpu(cpu) {
		struct cpu_state *state = per_cpu_ptr(&cpu_states, cpu);

		WARN((state->svm_users | state->vmx_users) & BIT(twin),
		     "hypervisor %c detached with virtualization on, on CPU %d\n",
		     twin_letter(twin), cpu);
	}
	observe_detach(twin);
	attached[twin] = false;
	mutex_unlock(&attach_lock);
}
EXPORT_SYMBOL_GPL(twinhype_detach);

/* Loading and unloading the base itself. */

static int __init base_init(void)
{
	int r;

	if (boot_cpu_has(X86_FEATURE_SVM)) {
		base_vendor = TWINHYPE_SVM;
	} else if (boot_cpu_has(X86_FEATURE_VMX)) {
		base_vendor = TWINHYPE_VMX;
	} else {
		pr_err("this processor offers neither SVM nor VMX: enable virtualization in the firmware\n");
		return -EOPNOTSUPP;
	}
	/* The page that tells Hyper-V the enlightened VMCS is one per CPU. */
	if (base_vendor == TWINHYPE_VMX && hypervisor_is_type(X86_HYPER_MS_HYPERV)) {
		pr_err("refused on Hyper-V with an Intel processor: two hypervisors can't share its enlightened VMCS\n");
		return -EOPNOTSUPP;
	}

	r = base_vendor == TWINHYPE_SVM ? svm_allocate() : vmx_allocate();
	if (r)
		return r;
	r = slots_take();
	if (r)
		goto err_slots;
	observe_start();
	return 0;

err_slots:
	svm_free();
	vmx_free();
	return r;
}

static void __exit base_exit(void)
{
	observe_stop();
	slots_give_back();
	svm_free();
	vmx_free();
}

module_init(base_init);
module_exit(base_exit);

#ifdef TWINHYPE_IDENTITY
MODULE_VERSION(TWINHYPE_IDENTITY);
MODULE_INFO(twinhype_identity, TWINHYPE_IDENTITY);
#endif
MODULE_INFO(twinhype_abi, __stringify(TWINHYPE_ABI));
MODULE_INFO(twinhype_sizes, TWINHYPE_SIZES);
MODULE_INFO(twinhype_vendor, "svm,vmx");
MODULE_DESCRIPTION("What two hypervisors on one machine must share");
MODULE_AUTHOR("TwinHype");
MODULE_LICENSE("GPL");
