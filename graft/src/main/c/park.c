// SPDX-License-Identifier: Apache-2.0
/*
 * Parking: to hold every vCPU where its state is whole, which is between two instructions of the guest, with no exit that
 * the VMM has yet to answer.
 *
 * A vCPU in KVM_RUN is made to leave it by immediate_exit and a signal of our own (api.rst, KVM_RUN; the VMM's own signals
 * are not touched). One whose last exit was I/O goes back to the VMM, which does it, and is caught when it comes again: it
 * enters the kernel once more with immediate_exit, which completes the instruction. A vCPU outside of KVM_RUN whose state
 * is whole is parked where it is; it can't get in.
 *
 * Afterwards each vCPU's KVM_RUN returns EINTR once, which every VMM takes for a kick: it looks again at what it may have
 * written to the old kvm_run meanwhile.
 */
#define _GNU_SOURCE
#include "graft.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int park_signal;

static pthread_mutex_t park_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;

static void wake_up(int signal)
{
	(void)signal; /* that it arrived is all */
}

bool park_init(void)
{
	struct sigaction action, old;
	pthread_condattr_t clock;

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0)
		return false;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&arrived, &clock);
	/* A real-time signal that nobody uses. */
	for (int number = SIGRTMAX - 7; number > SIGRTMIN; number--) {
		if (sigaction(number, NULL, &old) != 0 || old.sa_handler != SIG_DFL)
			continue;
		memset(&action, 0, sizeof(action));
		action.sa_handler = wake_up;
		action.sa_flags = SA_RESTART;
		if (sigaction(number, &action, NULL) == 0) {
			park_signal = number;
			return true;
		}
	}
	return false;
}

/* Says whether the state in the kernel is whole: whether the last exit left nothing to be completed. */
static bool whole(const struct vcpu *vcpu)
{
	if (!vcpu->ran || vcpu->last == -EINTR || vcpu->last == -EAGAIN)
		return true;
	if (vcpu->last != 0 || !vcpu->run)
		return false;
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_INTR:
	case KVM_EXIT_HLT:
	case KVM_EXIT_DEBUG:
	case KVM_EXIT_SHUTDOWN:
	case KVM_EXIT_FAIL_ENTRY:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_SET_TPR:
	case KVM_EXIT_TPR_ACCESS:
	case KVM_EXIT_SYSTEM_EVENT:
	case KVM_EXIT_INTERNAL_ERROR:
	case KVM_EXIT_IOAPIC_EOI:
	case KVM_EXIT_X86_BUS_LOCK:
		return true;
	default:
		return false;
	}
}

static int enter_kernel(struct vcpu *vcpu, int fd)
{
	int result = real_ioctl(fd, KVM_RUN, 0);

	vcpu->last = result < 0 ? -errno : 0;
	vcpu->ran = true;
	return result;
}

/* The thread has changed: this one gets our signal from now on. */
static void adopt(struct vcpu *vcpu)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, park_signal);
	pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
	pthread_mutex_lock(&park_lock);
	vcpu->tid = (pid_t)syscall(SYS_gettid);
	pthread_mutex_unlock(&park_lock);
	vcpu->runner = __builtin_thread_pointer();
}

/* Waits, if so ordered; then KVM_RUN ends with EINTR. The vCPU's state is whole. */
static int wait_and_return(struct vcpu *vcpu)
{
	pthread_mutex_lock(&park_lock);
	vcpu->waiting = true;
	pthread_cond_signal(&arrived);
	while (atomic_load(&vcpu->attention) == PARK)
		pthread_cond_wait(&released, &park_lock);
	vcpu->waiting = false;
	atomic_store(&vcpu->attention, NOTHING);
	pthread_mutex_unlock(&park_lock);
	if (vcpu->run) {
		vcpu->run->immediate_exit = 0;
		vcpu->run->exit_reason = KVM_EXIT_INTR;
	}
	vcpu->last = -EINTR;
	atomic_store_explicit(&vcpu->in_run, 0, memory_order_release);
	errno = EINTR;
	return -1;
}

/* Leaves with an exit that the VMM must see to first. */
static int leave(struct vcpu *vcpu, int result)
{
	int saved = errno;

	atomic_store_explicit(&vcpu->in_run, 0, memory_order_release);
	pthread_mutex_lock(&park_lock);
	pthread_cond_signal(&arrived);
	pthread_mutex_unlock(&park_lock);
	errno = saved;
	return result;
}

int park_run(struct vcpu *vcpu, int fd)
{
	int result;

	if (vcpu->runner != __builtin_thread_pointer())
		adopt(vcpu);
	if (atomic_load(&vcpu->attention) != NOTHING) {
		if (!whole(vcpu)) {
			if (vcpu->run)
				vcpu->run->immediate_exit = 1;
			result = enter_kernel(vcpu, fd);
			/* immediate_exit stays: the flag does, too, until KVM_RUN has returned EINTR. */
			if (!whole(vcpu) || result >= 0)
				return leave(vcpu, result);
		}
		return wait_and_return(vcpu);
	}
	result = enter_kernel(vcpu, fd);
	return park_after_run(vcpu, result);
}

int park_after_run(struct vcpu *vcpu, int result)
{
	vcpu->ran = true;
	if (atomic_load(&vcpu->attention) != NOTHING && result < 0 && errno == EINTR)
		return wait_and_return(vcpu);
	return leave(vcpu, result);
}

static void nudge(struct vcpu *vcpu)
{
	if (vcpu->run)
		vcpu->run->immediate_exit = 1;
	if (vcpu->tid)
		syscall(SYS_tgkill, getpid(), vcpu->tid, park_signal);
}

int park_all(struct vm *vm, int64_t deadline, int *late)
{
	struct timespec patience;
	int result = -ETIMEDOUT;

	for (int i = 0; i < vm->ledger.vcpus; i++)
		atomic_store(&vm->vcpus[i]->attention, PARK);
	/* See run() in hooks.c. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	pthread_mutex_lock(&park_lock);
	for (;;) {
		*late = -1;
		for (int i = 0; i < vm->ledger.vcpus; i++) {
			struct vcpu *vcpu = vm->vcpus[i];

			if (vcpu->waiting || vcpu->fd < 0)
				continue;
			if (atomic_load(&vcpu->in_run)) {
				*late = i;
				nudge(vcpu);
			} else if (!whole(vcpu)) {
				*late = i;
			}
		}
		if (*late < 0) {
			result = 0;
			break;
		}
		if (now_ns() > deadline)
			break;
		clock_gettime(CLOCK_MONOTONIC, &patience);
		patience.tv_nsec += 500000;
		if (patience.tv_nsec >= 1000000000) {
			patience.tv_sec++;
			patience.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&arrived, &park_lock, &patience);
	}
	pthread_mutex_unlock(&park_lock);
	return result;
}

int64_t park_release(struct vm *vm)
{
	int64_t at;

	pthread_mutex_lock(&park_lock);
	for (int i = 0; i < vm->ledger.vcpus; i++) {
		int parked = PARK;

		atomic_compare_exchange_strong(&vm->vcpus[i]->attention, &parked, EINTR_DUE);
	}
	pthread_cond_broadcast(&released);
	/* With one CPU, a vCPU may well run before we see a clock again. */
	at = now_ns();
	pthread_mutex_unlock(&park_lock);
	return at;
}
