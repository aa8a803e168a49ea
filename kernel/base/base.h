/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the base module share; no twin sees it. */
#ifndef BASE_H
#define BASE_H

#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/user-return-notifier.h>

#include "twinhype_base.h"

#define MAX_URET_MSRS 16

struct uret_value {
	u64 host;
	u64 curr;
	bool read;		/* host and curr are valid on this CPU */
};

/* The tags (ASIDs or VPIDs) that one twin's vCPUs had on one CPU. */
struct tag_use {
	u64 count;
	u64 outside;
	u32 min;
	u32 max;
};

/* What one CPU has loaded, whichever twin loaded it. */
struct cpu_state {
	void *host_save_area;
	const void *current_vmcb;
	u64 tsc_ratio;
	u32 svm_users;		/* a bit per twin */
	u32 vmcb_owner;
	u32 bp_spec_reduce_users; /* a bit per twin */

	void *vmxon_region;
	const void *current_vmcs;
	u32 vmx_users;
	u32 vmcs_owner;

	struct user_return_notifier urn;
	bool urn_registered;
	struct uret_value uret[MAX_URET_MSRS];

	struct tag_use tags[TWINHYPE_TWINS];
};

DECLARE_PER_CPU(struct cpu_state, cpu_states);

/* The tags 1..count-1 that are a twin's own; both twins have the same number. */
struct tag_range {
	u32 first;
	u32 last;
};

struct tag_range tag_range(u32 twin, u32 count);

extern u32 base_vendor;	/* TWINHYPE_SVM or TWINHYPE_VMX: what the processor has */

static inline char twin_letter(u32 twin)
{
	return 'A' + twin;
}

/* uret.c */
void uret_read_host_values(void);
void uret_restore(struct cpu_state *state);
void uret_forget(struct cpu_state *state);

/* svm.c and vmx.c: memory for all CPUs; off() works in NMI context. */
int svm_allocate(void);
void svm_free(void);
void svm_off(void);
int vmx_allocate(void);
void vmx_free(void);
int vmx_off(void);

/* slots.c: everything of which the kernel has one. */
int slots_take(void);
void slots_give_back(void);
/* Take from a twin what it left behind; its name if it left something. */
const char *slots_clear(u32 twin);

/* observe.c */
u32 asid_count(void);
void observe_attach(u32 twin, const char *identity);
void observe_detach(u32 twin);
void observe_start(void);
void observe_stop(void);

#endif
