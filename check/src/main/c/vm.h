/* A guest of one vCPU on a KVM device, and the errors of this program. */
#ifndef VM_H
#define VM_H

#include <linux/kvm.h>
#include <stddef.h>

#include "layout.h"

struct vm {
	const char *device;
	int kvm, fd, vcpu;
	struct kvm_run *run;
	size_t run_bytes;
	u8 *memory;
	struct area *area;
	struct kvm_cpuid2 *cpuid;	/* what the guest sees */
	u64 xcr0;			/* what the guest may use; 0: no XSAVE */
	int has_tsc_aux, has_clock;
};

/* Prints "FAILED " and one sentence, and ends the program with status 1. */
void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...);

/* Creates a guest that would enter at ENTRY; with irqchip, HLT waits in the kernel. */
void vm_create(struct vm *vm, const char *device, int irqchip, void (*entry)(struct area *));

/* Opens a KVM device and checks that it is one. */
int vm_device(const char *device);

/* Calls ioctl on the guest's vm or vcpu; fails the program where that fails. */
int vm_ioctl(const struct vm *vm, int fd, const char *name, unsigned long request, void *argument);

/* Tells what ended the last KVM_RUN, in a static buffer. */
const char *vm_exit_text(const struct vm *vm);

#endif
