// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entry and exit of a twin: attach to the base first, then what kvm.ko and
 * the vendor's module would do when loaded one after the other.
 */
#include <linux/build_bug.h>
#include <linux/module.h>

static_assert(sizeof(struct twinhype_description) == TWINHYPE_DESCRIPTION_SIZE);

static int __init twin_init(void)
{
	static const struct twinhype_description description __initconst = {
		.vendor		= TWIN_VENDOR_NUMBER,
		.identity	= TWINHYPE_IDENTITY,
	};
	int r;

	r = twinhype_attach(TWINHYPE_ABI, TWIN_INDEX, &description, sizeof(description));
	if (r)
		return r;

	/* Takes nothing that would have to be given back; both undo what they did when they fail. */
	r = kvm_x86_init();
	if (!r)
		r = twin_vendor_init();
	if (r)
		twinhype_detach(TWIN_INDEX);
	return r;
}

static void __exit twin_exit(void)
{
	twin_vendor_exit();
	twinhype_detach(TWIN_INDEX);
}

module_init(twin_init);
module_exit(twin_exit);

/* Read from a loaded module in /sys/module/NAME/version, from a file with modinfo. */
MODULE_VERSION(TWINHYPE_IDENTITY);
MODULE_INFO(twinhype_identity, TWINHYPE_IDENTITY);
MODULE_INFO(twinhype_abi, __stringify(TWINHYPE_ABI));
MODULE_INFO(twinhype_sizes, TWINHYPE_SIZES);
MODULE_INFO(twinhype_vendor, TWIN_VENDOR);
MODULE_DESCRIPTION("KVM as hypervisor " __stringify(TWIN) " of two");
