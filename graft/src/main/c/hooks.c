// SPDX-License-Identifier: Apache-2.0
/*
 * What the VMM calls instead of libc: ioctl, mmap, munmap, close. Everything is passed on unchanged; what concerns KVM is
 * noted. On the way into KVM_RUN there is nothing but a test of a flag.
 *
 * The gate holds all other calls on the VM back while its descriptors are exchanged.
 */
#define _GNU_SOURCE
#include "graft.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HOOK __attribute__((visibility("default")))

struct object *_Atomic objects[MOST_FDS];
struct object eventfd_object = { .kind = EVENT };
static struct object stranger = { .kind = STRANGER };
pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
struct vm *vms;

static int (*next_ioctl)(int, unsigned long, ...);
static int (*next_close)(int);
static pid_t owner; /* a child that has not called exec shares our descriptors, but is not the VMM */

static atomic_int inside;
static atomic_bool closed;
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_opened = PTHREAD_COND_INITIALIZER;

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int real_ioctl(int fd, unsigned long request, void *argument)
{
	return likely(next_ioctl) ? next_ioctl(fd, request, argument) : (int)syscall(SYS_ioctl, fd, request, argument);
}

int real_close(int fd)
{
	return likely(next_close) ? next_close(fd) : (int)syscall(SYS_close, fd);
}

int call(int fd, unsigned long request, void *argument)
{
	int result = real_ioctl(fd, request, argument);

	return result < 0 ? -errno : result;
}

void *real_mmap(size_t length, int fd)
{
	return (void *)syscall(SYS_mmap, NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

void real_munmap(void *address, size_t length)
{
	syscall(SYS_munmap, address, length);
}

int lift(int fd)
{
	int high = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_OF_OURS);

	if (high < 0)
		return fd;
	real_close(fd);
	return high;
}

/* ---- The gate ---- */

static void gate_enter(void)
{
	for (;;) {
		atomic_fetch_add(&inside, 1);
		if (likely(!atomic_load(&closed)))
			return;
		atomic_fetch_sub(&inside, 1);
		pthread_mutex_lock(&gate_lock);
		while (atomic_load(&closed))
			pthread_cond_wait(&gate_opened, &gate_lock);
		pthread_mutex_unlock(&gate_lock);
	}
}

static void gate_leave(void)
{
	atomic_fetch_sub(&inside, 1);
}

void gate_close(void)
{
	atomic_store(&closed, true);
}

bool gate_await_empty(int64_t deadline)
{
	const struct timespec nap = { .tv_nsec = 20000 };

	while (atomic_load(&inside) > 0) {
		if (now_ns() > deadline)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

void gate_open(void)
{
	pthread_mutex_lock(&gate_lock);
	atomic_store(&closed, false);
	pthread_cond_broadcast(&gate_opened);
	pthread_mutex_unlock(&gate_lock);
}

/* ---- Objects ---- */

static struct object *object_of(int fd)
{
	return (unsigned int)fd < MOST_FDS ? atomic_load_explicit(&objects[fd], memory_order_acquire) : NULL;
}

static struct object *object_add(enum kind kind, int fd, struct vm *vm, struct vcpu *vcpu)
{
	struct object *object = (unsigned int)fd < MOST_FDS ? calloc(1, sizeof(*object)) : NULL;

	if (!object)
		return NULL;
	object->kind = kind;
	object->vm = vm;
	object->vcpu = vcpu;
	/* What was there is not freed: another thread may be looking at it. A descriptor is reused rarely. */
	atomic_store(&objects[fd], object);
	return object;
}

const char *kvm_name(int fd, char *target, size_t room)
{
	static const char kvm[] = "anon_inode:kvm-";
	char path[32];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, target, room - 1);
	target[length < 0 ? 0 : length] = '\0';
	return strncmp(target, kvm, sizeof(kvm) - 1) == 0 ? target + strlen("anon_inode:") : NULL;
}

/* A KVM request on a descriptor that we don't know: the device itself, or a second number of something that we know? */
static struct object *adopt(int fd)
{
	struct object *object = NULL;
	char target[128];
	struct stat file;
	bool device;

	if ((unsigned int)fd >= MOST_FDS || getpid() != owner || fstat(fd, &file) != 0)
		return NULL;
	device = S_ISCHR(file.st_mode) && real_ioctl(fd, KVM_GET_API_VERSION, NULL) == KVM_API_VERSION;
	if (!device && !kvm_name(fd, target, sizeof(target)))
		return NULL;
	pthread_mutex_lock(&ledger_lock);
	object = object_of(fd);
	if (!object && device) {
		object = object_add(SYSTEM, fd, NULL, NULL);
	} else if (!object) {
		/* What is done through it does not come into the ledger. */
		for (struct vm *vm = vms; vm; vm = vm->next)
			ledger_obstacle(vm, "the VMM uses the VM by a descriptor that was not seen made (%d)", fd);
		atomic_store(&objects[fd], &stranger);
		object = &stranger;
	}
	pthread_mutex_unlock(&ledger_lock);
	return object;
}

static void vm_created(int system, unsigned long type, int fd)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	struct stat device;

	if (!vm)
		return;
	vm->fd = fd;
	vm->device = fstat(system, &device) == 0 ? device.st_rdev : 0;
	vm->type = type;
	vm->open_fds = 1;
	pthread_mutex_lock(&ledger_lock);
	if (type != 0)
		ledger_obstacle(vm, "the VM is of type %lu (SEV, TDX or a software-protected VM)", type);
	vm->next = vms;
	vms = vm;
	if (!object_add(VM, fd, vm, NULL))
		ledger_obstacle(vm, "the VM's descriptor %d is beyond what is watched (%d)", fd, MOST_FDS);
	pthread_mutex_unlock(&ledger_lock);
	server_start();
}

/* ledger_lock held. */
static void vcpu_created(struct vm *vm, unsigned long id, int fd)
{
	struct vcpu *vcpu;

	if (vm->open_fds == 0)
		return; /* made while the VM's last descriptor was closed: it is one that is not known here */
	vcpu = vm->ledger.vcpus < MOST_VCPUS ? calloc(1, sizeof(*vcpu)) : NULL;
	if (!vcpu) {
		ledger_obstacle(vm, "there is no memory to note a vCPU");
		return;
	}
	vcpu->fd = fd;
	vcpu->id = id;
	vcpu->vm = vm;
	vcpu->index = vm->ledger.vcpus;
	atomic_store(&vcpu->attention, NOTHING);
	vm->vcpus[vcpu->index] = vcpu;
	vm->open_fds++;
	ledger_note_vm(vm, KVM_CREATE_VCPU, (void *)id, fd);
	if (!object_add(VCPU, fd, vm, vcpu))
		ledger_obstacle(vm, "a vCPU's descriptor %d is beyond what is watched (%d)", fd, MOST_FDS);
}

/* ledger_lock held. A file of statistics keeps the VM, and so the module, in use. */
static void stats_opened(struct vm *vm, struct vcpu *vcpu, int fd)
{
	vm->stats_changes++;
	object_add(STATS, fd, vm, vcpu); /* one that is not added is found in /proc/self/fd */
}

/* ledger_lock held. The last descriptor of a VM frees it. */
static void object_closed(struct object *object, int fd)
{
	struct vm *vm = object->vm, **link;

	atomic_store(&objects[fd], NULL);
	switch (object->kind) {
	case EVENT:
		ledger_eventfd_closed(fd);
		return;
	case STATS:
		vm->stats_changes++;
		return;
	case SYSTEM:
	case STRANGER:
		return;
	case VM:
		vm->fd = -1;
		break;
	case VCPU:
		object->vcpu->fd = -1;
		break;
	}
	if (--vm->open_fds > 0)
		return;
	for (link = &vms; *link != vm; link = &(*link)->next)
		;
	*link = vm->next;
	ledger_free(&vm->ledger);
	ledger_drop_logs(vm);
	/* Its vCPUs' threads may still be on their way out of KVM_RUN: these few bytes stay. */
}

/* ---- ioctl ---- */

static void device_told(uint32_t extension, int answer)
{
	pthread_mutex_lock(&ledger_lock);
	ledger_note_told(extension, false, answer);
	pthread_mutex_unlock(&ledger_lock);
}

static int device_ioctl(int fd, unsigned long request, void *argument)
{
	int result = real_ioctl(fd, request, argument);
	int saved = errno;

	if (result >= 0 && getpid() == owner) {
		if ((uint32_t)request == KVM_CREATE_VM)
			vm_created(fd, (unsigned long)argument, result);
		else if ((uint32_t)request == KVM_CHECK_EXTENSION)
			device_told((uint32_t)(unsigned long)argument, result);
	}
	errno = saved;
	return result;
}

/* ledger_lock held, so that the ledger has the calls in the order in which the kernel had them. */
static int noted_on_vm(struct vm *vm, int fd, unsigned long request, void *argument)
{
	int result = real_ioctl(fd, request, argument);
	int saved = errno;

	if (result >= 0 && (uint32_t)request == KVM_CREATE_VCPU)
		vcpu_created(vm, (unsigned long)argument, result);
	else if (result >= 0 && (uint32_t)request == KVM_GET_STATS_FD)
		stats_opened(vm, NULL, result);
	else if (result >= 0)
		ledger_note_vm(vm, request, argument, result);
	errno = saved;
	return result;
}

/*
 * Without the lock: a call on a vCPU that is in the guest waits until it comes out, which may take something that another
 * thread does with the VM.
 */
static int noted_on_vcpu(struct vcpu *vcpu, int fd, unsigned long request, void *argument)
{
	int result = real_ioctl(fd, request, argument);
	int saved = errno;

	if (result >= 0) {
		pthread_mutex_lock(&ledger_lock);
		if ((uint32_t)request == KVM_GET_STATS_FD)
			stats_opened(vcpu->vm, vcpu, result);
		else
			ledger_note_vcpu(vcpu, request, argument, result);
		pthread_mutex_unlock(&ledger_lock);
	}
	errno = saved;
	return result;
}

/* A call on the VM or a vCPU, other than KVM_RUN. */
static int gated_ioctl(struct object *object, int fd, unsigned long request, void *argument)
{
	enum handling handling = ledger_handling(object->kind, (uint32_t)request);
	int result;

	gate_enter();
	if (handling == FREE || getpid() != owner) {
		result = real_ioctl(fd, request, argument);
	} else if (object->kind == VCPU) {
		result = noted_on_vcpu(object->vcpu, fd, request, argument);
	} else {
		pthread_mutex_lock(&ledger_lock);
		result = noted_on_vm(object->vm, fd, request, argument);
		pthread_mutex_unlock(&ledger_lock);
	}
	gate_leave();
	return result;
}

static int run(struct vcpu *vcpu, int fd)
{
	int result;

	/*
	 * Who asks for attention sets the flag and then has every thread pass a barrier (membarrier(2)): either we see
	 * the flag, or they see in_run. So there is no barrier here.
	 */
	atomic_store_explicit(&vcpu->in_run, 1, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (unlikely(atomic_load_explicit(&vcpu->attention, memory_order_relaxed) != NOTHING ||
		     vcpu->runner != __builtin_thread_pointer()))
		return park_run(vcpu, fd);
	result = next_ioctl(fd, KVM_RUN, 0);
	vcpu->last = likely(result >= 0) ? 0 : -errno;
	if (unlikely(atomic_load_explicit(&vcpu->attention, memory_order_relaxed) != NOTHING))
		return park_after_run(vcpu, result);
	atomic_store_explicit(&vcpu->in_run, 0, memory_order_release);
	return result;
}

static __attribute__((noinline)) int other_ioctl(int fd, unsigned long request, void *argument)
{
	struct object *object;

	if (_IOC_TYPE((uint32_t)request) == KVMIO && next_ioctl) {
		object = object_of(fd);
		if (!object)
			object = adopt(fd);
		/* KVM_RUN comes here with an argument only: KVM does nothing but refuse it. */
		if (object && (object->kind == VM || object->kind == VCPU) && (uint32_t)request != KVM_RUN)
			return gated_ioctl(object, fd, request, argument);
		if (object && object->kind == SYSTEM)
			return device_ioctl(fd, request, argument);
	}
	return real_ioctl(fd, request, argument);
}

/*
 * ioctl(2) is declared with "...", but on x86-64 its third argument comes in the same register either way: so the way into
 * KVM_RUN needs no list of arguments.
 */
HOOK int hooked_ioctl(int fd, unsigned long request, void *argument) __asm__("ioctl");

int hooked_ioctl(int fd, unsigned long request, void *argument)
{
	if (likely((uint32_t)request == KVM_RUN && !argument && next_ioctl)) {
		struct object *object = object_of(fd);

		if (likely(object && object->kind == VCPU))
			return run(object->vcpu, fd);
	}
	return other_ioctl(fd, request, argument);
}

/* ---- mmap, munmap, close ---- */

static void mapped(int fd, void *address, size_t length, off_t offset)
{
	struct object *object;

	pthread_mutex_lock(&ledger_lock);
	object = object_of(fd);
	if (object && object->kind == VCPU && offset == 0 && !object->vcpu->run) {
		object->vcpu->run = address;
		object->vcpu->run_size = length;
		object->vcpu->was_mapped = true;
	} else if (object && (object->kind == VCPU || object->kind == VM)) {
		ledger_obstacle(object->vm, "a descriptor of KVM is mapped in a way that can't be carried (offset %lld)",
				(long long)offset);
	}
	pthread_mutex_unlock(&ledger_lock);
}

static void *hooked_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	struct object *object = fd >= 0 && !(flags & MAP_ANONYMOUS) ? object_of(fd) : NULL;
	void *result;
	int saved;

	if (likely(!object) || getpid() != owner)
		return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	gate_enter();
	result = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	saved = errno;
	if (result != MAP_FAILED)
		mapped(fd, result, length, offset);
	gate_leave();
	errno = saved;
	return result;
}

HOOK void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	return hooked_mmap(address, length, protection, flags, fd, offset);
}

HOOK void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	return hooked_mmap(address, length, protection, flags, fd, offset);
}

/* Overlapping is enough: half a mapping is of no use. VMs and vCPUs that are gone stay readable, so no lock is needed. */
static struct vcpu *vcpu_mapped_at(const void *address, size_t length)
{
	const char *start = address;

	for (struct vm *vm = vms; vm; vm = vm->next) {
		for (int i = 0; i < vm->ledger.vcpus; i++) {
			const char *run = (const char *)vm->vcpus[i]->run;

			if (run && start < run + vm->vcpus[i]->run_size && run < start + length)
				return vm->vcpus[i];
		}
	}
	return NULL;
}

HOOK int munmap(void *address, size_t length)
{
	struct vcpu *vcpu;
	int result, saved;

	if (likely(!vms || !vcpu_mapped_at(address, length)) || getpid() != owner)
		return (int)syscall(SYS_munmap, address, length);
	gate_enter();
	pthread_mutex_lock(&ledger_lock);
	result = (int)syscall(SYS_munmap, address, length);
	saved = errno;
	while (result == 0 && (vcpu = vcpu_mapped_at(address, length)))
		vcpu->run = NULL;
	pthread_mutex_unlock(&ledger_lock);
	gate_leave();
	errno = saved;
	return result;
}

HOOK int close(int fd)
{
	struct object *object = object_of(fd);
	int result, saved;

	if (likely(!object) || getpid() != owner)
		return real_close(fd);
	gate_enter();
	pthread_mutex_lock(&ledger_lock);
	object = object_of(fd);
	result = real_close(fd);
	saved = errno;
	if (object)
		object_closed(object, fd);
	pthread_mutex_unlock(&ledger_lock);
	gate_leave();
	errno = saved;
	return result;
}

/* ---- Beginning ---- */

static void before_fork(void)
{
	pthread_mutex_lock(&ledger_lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&ledger_lock);
}

/* A VMM may make itself a daemon before it makes its VM: then the child is the VMM. */
static void after_fork_in_child(void)
{
	pthread_mutex_unlock(&ledger_lock);
	if (!vms)
		owner = getpid();
}

static void __attribute__((constructor)) begin(void)
{
	owner = getpid();
	next_close = (int (*)(int))dlsym(RTLD_NEXT, "close");
	if (!park_init())
		return; /* then nothing is watched, and the VMM runs as without us */
	pthread_atfork(before_fork, after_fork, after_fork_in_child);
	next_ioctl = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
}
