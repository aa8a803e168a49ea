// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entry and exit of a twin: attach to the base first, then what kvm.ko and
 * kvm-amd.ko would do when loaded one after the other.
 */
#include <linux/module.h>

#include "twinhype_base.h"

static int __init twin_init(void)
{
	int r;

	r = twinhype_attach(TWINHYPE_ABI, TWIN_INDEX);
	if (r)
		return r;

	r = kvm_x86_init();
	if (!r)
		r = svm_init();
	if (r)
		twinhype_detach(TWIN_INDEX);
	return r;
}

static void __exit twin_exit(void)
{
	svm_exit();
	twinhype_detach(TWIN_INDEX);
}

module_init(twin_init);
module_exit(twin_exit);

/* Read from a loaded module in /sys/module/NAME/version, from a file with modinfo. */
MODULE_VERSION(TWINHYPE_IDENTITY);
MODULE_INFO(twinhype_identity, TWINHYPE_IDENTITY);
MODULE_INFO(twinhype_abi, __stringify(TWINHYPE_ABI));
MODULE_DESCRIPTION("KVM as hypervisor " __stringify(TWIN) " of two");
