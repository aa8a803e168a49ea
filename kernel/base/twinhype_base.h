/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TwinHype base module: the ABI between the base and the two hypervisors (twins).
 *
 * The base owns whatever a processor, or the kernel, has only one of. Two KVM
 * builds ("twins", A and B) use it at the same time and never see each other.
 *
 * The ABI: fixed-width types, no structure of a KVM build crosses it, and a
 * twin states the version it was built for when it attaches. Bump
 * TWINHYPE_ABI with every change here.
 */
#ifndef TWINHYPE_BASE_H
#define TWINHYPE_BASE_H

#include <linux/perf_event.h>
#include <linux/types.h>

#define TWINHYPE_ABI		1
#define TWINHYPE_TWINS		2

/*
 * Attach a twin (0 = A, 1 = B) before it touches anything else. Refuses with
 * -EINVAL (built for another ABI, no such twin) or -EBUSY (already attached).
 */
int twinhype_attach(u32 abi, u32 twin);
void twinhype_detach(u32 twin);

/* CPU hotplug: the kernel has one KVM state, the base dispatches it. */
typedef int (*twinhype_cpu_hook)(unsigned int cpu);

int twinhype_set_cpu_hooks(u32 twin, twinhype_cpu_hook starting, twinhype_cpu_hook dying);
void twinhype_clear_cpu_hooks(u32 twin);
/* Also calls online once for every CPU that is online now. */
int twinhype_set_clock_hooks(u32 twin, twinhype_cpu_hook online, twinhype_cpu_hook down);
void twinhype_clear_clock_hooks(u32 twin);

/* perf: the kernel takes one set of guest callbacks. */
void twinhype_set_perf_callbacks(u32 twin, struct perf_guest_info_callbacks *callbacks);
void twinhype_clear_perf_callbacks(u32 twin);

/*
 * SVM on this CPU, counted: the first reference sets EFER.SVME, the base's own
 * host save area, the default TSC ratio and PMU virtualization; the last one
 * undoes all of it and restores the host's user-return MSRs.
 * -EBUSY if something that is not a twin has SVM on.
 */
int twinhype_svm_get(void);
void twinhype_svm_put(void);

/* MSR_AMD64_TSC_RATIO of this CPU, written only where it changes. */
void twinhype_svm_write_tsc_ratio(u64 ratio);

/*
 * Note that vmcb is what this CPU runs next; true if another one, of either
 * twin, ran here before, so that branch predictors want a barrier.
 */
bool twinhype_svm_switch_vmcb(const void *vmcb);
/* No CPU may take a new page at this address for the one that is being freed. */
void twinhype_svm_forget_vmcb(const void *vmcb);

/* The part of the ASIDs 1..count-1 that is a twin's own. */
void twinhype_svm_asid_range(u32 twin, u32 count, u32 *first, u32 *last);

/* User-return MSRs: slots are common to both twins. */
int twinhype_uret_add(u32 msr);
int twinhype_uret_find(u32 msr);
int twinhype_uret_set(u32 slot, u64 value, u64 mask);

#endif
