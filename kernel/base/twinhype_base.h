/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TwinHype base module: the ABI between the base and the two hypervisors (twins).
 *
 * The base owns whatever a processor, or the kernel, has only one of. Two KVM
 * builds ("twins", A and B) use it at the same time and never see each other.
 *
 * The ABI: fixed-width types, no structure of a KVM build crosses it, and a
 * twin states the version it was built for when it attaches. Bump
 * TWINHYPE_ABI with every change here. twin.h includes this before every file
 * of a twin, so it includes next to nothing itself.
 */
#ifndef TWINHYPE_BASE_H
#define TWINHYPE_BASE_H

#include <linux/types.h>

#define TWINHYPE_ABI		2
#define TWINHYPE_TWINS		2

#define TWINHYPE_SVM		1
#define TWINHYPE_VMX		2

struct perf_guest_info_callbacks;

/*
 * What a twin says of itself. Its size is in the modinfo of base and twins
 * (twinhype_sizes), so that a disagreement shows before either is loaded.
 */
struct twinhype_description {
	u32 vendor;		/* TWINHYPE_SVM or TWINHYPE_VMX */
	u32 reserved;		/* 0 */
	char identity[72];	/* twinhype_identity, ends with a 0 */
};

#define TWINHYPE_DESCRIPTION_SIZE	80
#define TWINHYPE_SIZES			"description:80"

/*
 * Attach a twin (0 = A, 1 = B) before it touches anything else. This prototype
 * stays what it is in all versions, so that another version is refused with a
 * sentence in the kernel log and not by the CRC of a symbol. -EINVAL: built
 * for another ABI, no such twin; -EBUSY: already attached; -EOPNOTSUPP: not
 * for this processor.
 */
int twinhype_attach(u32 abi, u32 twin, const void *description, u32 size);
/* Whatever the twin has not given back is taken from it, with a warning. */
void twinhype_detach(u32 twin);

/*
 * CPU hotplug: the kernel has one KVM state, the base dispatches it. From
 * Linux 6.3 on (CPUHP_AP_KVM_ONLINE) setting the hooks calls up on every CPU
 * that is online, may fail, and clearing them calls down on each; before
 * (CPUHP_AP_KVM_STARTING) they are called only for CPUs that come and go.
 */
typedef int (*twinhype_cpu_hook)(unsigned int cpu);

int twinhype_set_cpu_hooks(u32 twin, twinhype_cpu_hook up, twinhype_cpu_hook down);
void twinhype_clear_cpu_hooks(u32 twin);
/* Also calls online once for every CPU that is online now. */
int twinhype_set_clock_hooks(u32 twin, twinhype_cpu_hook online, twinhype_cpu_hook down);
void twinhype_clear_clock_hooks(u32 twin);

/* perf: the kernel takes one set of guest callbacks. */
void twinhype_set_perf_callbacks(u32 twin, struct perf_guest_info_callbacks *callbacks);
void twinhype_clear_perf_callbacks(u32 twin);

/*
 * Crash and forced reboot: the kernel takes one callback, on the CPU and
 * perhaps in NMI context. A twin's hook clears its VMCSs; the base turns VMX
 * or SVM off after both.
 */
void twinhype_set_emergency_hook(u32 twin, void (*hook)(void));
void twinhype_clear_emergency_hook(u32 twin);

/* POSTED_INTR_WAKEUP_VECTOR: the kernel takes one handler; NULL clears. */
void twinhype_set_wakeup_hook(u32 twin, void (*hook)(void));

/* The IOMMU's guest APIC log: the kernel takes one notifier. */
int twinhype_set_ga_log_hook(u32 twin, int (*hook)(u32 tag));
void twinhype_clear_ga_log_hook(u32 twin);

/* Hyper-V under us has changed the TSC: the kernel takes one callback; NULL clears. */
void twinhype_set_hv_tsc_hook(u32 twin, void (*hook)(void));

/*
 * What /sys/devices/system/cpu/vulnerabilities tells of both twins together:
 * the weaker protection. state is an enum vmx_l1d_flush_state.
 */
void twinhype_report_l1tf(u32 twin, u32 state);
/* What this twin has reported; 0 (AUTO) before. */
u32 twinhype_l1tf(u32 twin);
void twinhype_report_nx_huge_pages(u32 twin, bool on);

/*
 * SVM on this CPU, one reference per twin: the first sets EFER.SVME, the
 * base's own host save area, the default TSC ratio and PMU virtualization; the
 * last one undoes all of it and restores the host's user-return MSRs.
 * -EBUSY if something that is not a twin has SVM on.
 */
int twinhype_svm_get(u32 twin);
void twinhype_svm_put(u32 twin);

/* MSR_AMD64_TSC_RATIO of this CPU, written only where it changes. */
void twinhype_svm_write_tsc_ratio(u64 ratio);

/*
 * Note that vmcb is what this CPU runs next; true if another one, of either
 * twin, ran here before, so that branch predictors want a barrier.
 */
bool twinhype_svm_switch_vmcb(u32 twin, const void *vmcb);
/* No CPU may take a new page at this address for the one that is being freed. */
void twinhype_svm_forget_vmcb(const void *vmcb);

/*
 * BP_SPEC_REDUCE of MSR_ZEN4_BP_CFG on this CPU (SRSO, Linux 6.12): set while
 * either twin wants it. Does nothing where the kernel does not know the bit.
 */
void twinhype_svm_bp_spec_reduce(u32 twin, bool on);

/* The part of the ASIDs 1..count-1 that is a twin's own. */
void twinhype_svm_asid_range(u32 twin, u32 count, u32 *first, u32 *last);

/*
 * VMX on this CPU, one reference per twin: the first sets CR4.VMXE and enters
 * VMX operation with the base's own VMXON region, the last one leaves it and
 * restores the host's user-return MSRs. Every VMCS of the twin must have been
 * cleared before put. -EBUSY if something that is not a twin has VMX on.
 */
int twinhype_vmx_get(u32 twin);
void twinhype_vmx_put(u32 twin);

/*
 * Note that the caller loads vmcs on this CPU now; returns the one that is
 * loaded, of either twin, or NULL. If it is the same, VMPTRLD is not needed.
 */
const void *twinhype_vmx_switch_vmcs(u32 twin, const void *vmcs);
/* VMCLEAR of vmcs follows on this CPU: if it is loaded, nothing is then. */
void twinhype_vmx_forget_vmcs(const void *vmcs);

/* Mark all VPIDs 0..count-1 that are not the twin's own as taken. */
void twinhype_vmx_reserve_vpids(u32 twin, unsigned long *taken, u32 count);

/*
 * Observation, at vCPU put: the tag that the VMCB or VMCS of the vCPU holds.
 * Shown with the ranges in /sys/kernel/debug/twinhype/tags. 0 is no tag.
 */
void twinhype_svm_note_asid(u32 twin, u32 asid);
void twinhype_vmx_note_vpid(u32 twin, u32 vpid);

/* User-return MSRs: slots are common to both twins. */
int twinhype_uret_add(u32 msr);
int twinhype_uret_find(u32 msr);
int twinhype_uret_set(u32 slot, u64 value, u64 mask);

#endif
