/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before every file of a twin: what makes a copy of KVM hypervisor A
 * or hypervisor B. The edits (kernel/edits/) use these names.
 */
#ifndef TWINHYPE_TWIN_H
#define TWINHYPE_TWIN_H

#ifndef __ASSEMBLY__
#include <linux/export.h>
#include <linux/init.h>

#include "twinhype_base.h"

/*
 * Neither twin exports a symbol: a second copy could not load, and
 * independence could not be shown. Not through -D__DISABLE_EXPORTS: in
 * asm/linkage.h that also takes the return thunks (retbleed, SRSO) out of the
 * emulator's assembly.
 */
#undef __EXPORT_SYMBOL
#define __EXPORT_SYMBOL(sym, sec, ns)

#define TWIN_a	1
#define TWIN_b	2
#define TWIN_NUMBER_(name)	TWIN_##name
#define TWIN_NUMBER(name)	TWIN_NUMBER_(name)

#if TWIN_NUMBER(TWIN) == 1
#define TWIN_INDEX	0
#define TWIN_MINOR	KVM_MINOR
#define TWIN_DEVICE	"kvm"
#elif TWIN_NUMBER(TWIN) == 2
#define TWIN_INDEX	1
#define TWIN_MINOR	MISC_DYNAMIC_MINOR
#define TWIN_DEVICE	"kvm2"
#else
#error "build with TWIN=a or TWIN=b"
#endif

/* The two module_init()s of stock KVM, called by twin.c in their order. */
int __init kvm_x86_init(void);
#if defined(TWIN_VENDOR_svm)
int __init svm_init(void);
void svm_exit(void);
#define TWIN_VENDOR_NUMBER	TWINHYPE_SVM
#define twin_vendor_init	svm_init
#define twin_vendor_exit	svm_exit
#elif defined(TWIN_VENDOR_vmx)
int __init vmx_init(void);
void vmx_exit(void);
#define TWIN_VENDOR_NUMBER	TWINHYPE_VMX
#define twin_vendor_init	vmx_init
#define twin_vendor_exit	vmx_exit
#else
#error "build with VENDOR=svm or VENDOR=vmx"
#endif
#endif

#endif
