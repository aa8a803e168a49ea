/*
 * The steps. In a trace, descriptors have names instead of numbers, since a library in the process may have descriptors
 * of its own; results that depend on time are left out.
 *
 * A vCPU of random state is only ever run with immediate_exit: what a guest of random state does is not what is tested.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define PAGE 4096
#define MOST_VMS 6
#define MILD_IDS 3
#define GIANT 0x7fffffff

extern char **environ;

/* splitmix64, by Sebastiano Vigna, public domain: the same numbers from the same seed everywhere. */
u64 random_word(struct fuzz *fuzz)
{
	u64 z = fuzz->random += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

u32 below(struct fuzz *fuzz, u32 limit)
{
	return (u32)(random_word(fuzz) % limit);
}

static int chance(struct fuzz *fuzz, u32 percent)
{
	return below(fuzz, 100) < percent;
}

static u64 digest(const u8 *bytes, size_t size)
{
	u64 hash = 0xcbf29ce484222325UL;

	while (size--)
		hash = (hash ^ *bytes++) * 0x100000001b3UL;
	return hash;
}

static const char *const kinds[KINDS] = { "closed", "system", "vm", "vcpu", "event", "other" };

static void tell(struct fuzz *fuzz, const char *what, int place, long result, int error, u64 hash)
{
	fuzz->done++;
	fuzz->failed += result < 0;
	if (fuzz->trace)
		fprintf(fuzz->trace, "%ld %s %s%d: %ld errno %d data %llx\n", fuzz->step, what,
			place < 0 ? "" : kinds[fuzz->fds[place].kind], place, result, error, (unsigned long long)hash);
}

/* ---- Descriptors ---- */

static int count_of(struct fuzz *fuzz, enum kind kind)
{
	int i, count = 0;

	for (i = 0; i < MOST_FDS; i++)
		count += fuzz->fds[i].kind == kind;
	return count;
}

/* A place whose descriptor is of a kind, or any at all, closed ones too, if there is none. */
static int pick(struct fuzz *fuzz, enum kind kind)
{
	int start = (int)below(fuzz, MOST_FDS), i;

	for (i = 0; i < MOST_FDS; i++)
		if (fuzz->fds[(start + i) % MOST_FDS].kind == kind)
			return (start + i) % MOST_FDS;
	return start;
}

static int add(struct fuzz *fuzz, int fd, enum kind kind, int vm)
{
	int place = pick(fuzz, CLOSED);

	if (fuzz->fds[place].kind != CLOSED) {
		close(fd);
		return -1;
	}
	fuzz->fds[place] = (struct descriptor){ .fd = fd, .kind = kind, .vm = vm };
	return place;
}

static void unmap(struct descriptor *descriptor)
{
	if (descriptor->run)
		munmap(descriptor->run, descriptor->run_bytes);
	descriptor->run = NULL;
}

static void step_open(struct fuzz *fuzz)
{
	int fd, which = (int)below(fuzz, 4);
	enum kind kind = OTHER;

	if (which == 0) {
		fd = open(fuzz->file, O_RDWR | O_CLOEXEC);
	} else if (which == 1) {
		fd = eventfd(0, EFD_NONBLOCK);
		kind = EVENT;
	} else {
		fd = open(fuzz->device, O_RDWR | (which == 2 ? O_CLOEXEC : 0));
		kind = SYSTEM;
	}
	tell(fuzz, "open", -which - 1, fd < 0 ? -1 : 0, fd < 0 ? errno : 0, 0);
	if (fd >= 0)
		add(fuzz, fd, kind, -1);
}

static void step_close(struct fuzz *fuzz)
{
	int place = (int)below(fuzz, MOST_FDS);
	struct descriptor *descriptor = &fuzz->fds[place];
	int result;

	if (descriptor->kind == CLOSED && (!fuzz->trace || chance(fuzz, 50)))
		return;
	if (fuzz->mild && chance(fuzz, 95))
		return;		/* or there would hardly ever be a VM */
	if (chance(fuzz, 50))
		unmap(descriptor);	/* else it stays mapped, as long as this program runs */
	result = close(descriptor->fd);
	tell(fuzz, "close", place, result, result < 0 ? errno : 0, 0);
	descriptor->kind = CLOSED;
	descriptor->run = NULL;
}

static void step_duplicate(struct fuzz *fuzz)
{
	int from = (int)below(fuzz, MOST_FDS), to = (int)below(fuzz, MOST_FDS), fd, how = (int)below(fuzz, 4);
	struct descriptor old = fuzz->fds[from];

	if (old.kind == CLOSED || fuzz->mild)
		return;
	old.run = NULL;
	if (how == 0 && fuzz->fds[to].kind != CLOSED && to != from) {
		/* The number stays, what is behind it is closed without a call of close. */
		fd = dup2(old.fd, fuzz->fds[to].fd);
		tell(fuzz, "dup2", to, fd < 0 ? -1 : 0, fd < 0 ? errno : 0, (u64)from);
		old.fd = fuzz->fds[to].fd;
		if (fd >= 0)
			fuzz->fds[to] = old;
		return;
	}
	fd = how < 2 ? dup(old.fd) : fcntl(old.fd, F_DUPFD_CLOEXEC, 300);
	tell(fuzz, "dup", from, fd < 0 ? -1 : 0, fd < 0 ? errno : 0, 0);
	if (fd >= 0)
		add(fuzz, fd, old.kind, old.vm);
}

static void step_create(struct fuzz *fuzz)
{
	static const u32 ids[] = { 0, 1, 2, 3, 7, 255, 1024, 4096, 0xffffffff };
	int place = pick(fuzz, chance(fuzz, 30) ? SYSTEM : VM);
	enum kind kind = fuzz->fds[place].kind;
	u64 argument;
	int fd;

	if (kind == SYSTEM) {
		if (count_of(fuzz, VM) >= MOST_VMS || (fuzz->mild && count_of(fuzz, VM) + count_of(fuzz, VCPU) > 0))
			return;
		argument = chance(fuzz, 80) ? 0 : random_word(fuzz) >> below(fuzz, 64);
		fd = ioctl(fuzz->fds[place].fd, KVM_CREATE_VM, argument);
		tell(fuzz, "create VM", place, fd < 0 ? -1 : 0, fd < 0 ? errno : 0, 0);
		if (fd >= 0 && fuzz->mild)
			tell(fuzz, "create irqchip", place, ioctl(fd, KVM_CREATE_IRQCHIP, 0), 0, 0);
		if (fd >= 0)
			add(fuzz, fd, VM, -1);
		return;
	}
	argument = ids[below(fuzz, fuzz->mild ? MILD_IDS : sizeof(ids) / sizeof(ids[0]))];
	fd = ioctl(fuzz->fds[place].fd, KVM_CREATE_VCPU, argument);
	tell(fuzz, "create vCPU", place, fd < 0 ? -1 : 0, fd < 0 ? errno : 0, argument);
	if (fd >= 0)
		add(fuzz, fd, VCPU, place);
}

/* ---- Mappings ---- */

static void step_map(struct fuzz *fuzz)
{
	int place = pick(fuzz, VCPU);
	struct descriptor *descriptor = &fuzz->fds[place];
	size_t bytes = fuzz->mild || chance(fuzz, 80) ? 3 * PAGE : (size_t)(1 + below(fuzz, 6)) * PAGE;
	off_t offset = fuzz->mild || chance(fuzz, 85) ? 0 : (off_t)below(fuzz, 8) * PAGE;
	void *at;

	if (descriptor->kind != VCPU && descriptor->kind != VM && descriptor->kind != SYSTEM)
		return;
	if (fuzz->mild && (descriptor->kind != VCPU || descriptor->run))
		return;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor->fd, offset);
	tell(fuzz, "mmap", place, at == MAP_FAILED ? -1 : 0, at == MAP_FAILED ? errno : 0, bytes);
	if (at == MAP_FAILED)
		return;
	if (descriptor->run || offset || descriptor->kind != VCPU) {
		if (chance(fuzz, 70))
			munmap(at, bytes);
		return;
	}
	descriptor->run = at;
	descriptor->run_bytes = bytes;
}

static void step_unmap(struct fuzz *fuzz)
{
	int place = (int)below(fuzz, MOST_FDS);
	struct descriptor *descriptor = &fuzz->fds[place];

	if (!descriptor->run || fuzz->mild)
		return;
	if (descriptor->run_bytes > PAGE && chance(fuzz, 30)) {
		/* Its end only: the page that KVM_RUN needs stays. */
		descriptor->run_bytes -= PAGE;
		tell(fuzz, "munmap of the end", place,
		     munmap((u8 *)descriptor->run + descriptor->run_bytes, PAGE), 0, 0);
		return;
	}
	unmap(descriptor);
	tell(fuzz, "munmap", place, 0, 0, 0);
}

static void step_run(struct fuzz *fuzz)
{
	int place = (int)below(fuzz, MOST_FDS), result;
	struct descriptor *descriptor = &fuzz->fds[place];

	if (!descriptor->run)
		return;
	descriptor->run->immediate_exit = 1;
	result = ioctl(descriptor->fd, KVM_RUN, chance(fuzz, 90) ? 0 : 1);
	tell(fuzz, "run", place, result, result < 0 ? errno : 0, 0);
}

/* ---- Any request with any argument ---- */

/*
 * Memory for an argument. Mostly its end is the end of the memory, so that whoever reads or writes more than the kernel
 * does ends the program.
 */
static void *argument_memory(struct fuzz *fuzz, size_t size, int *whole)
{
	u8 *start = fuzz->arena + PAGE, *end = start + ARENA_BYTES;

	*whole = 0;
	switch (below(fuzz, 12)) {
	case 0:
		return NULL;
	case 1:
		return (void *)(uintptr_t)(1 + below(fuzz, 4095));
	case 2:
		return (void *)(0xffff800000000000UL | random_word(fuzz) >> 20);
	case 3:
		return end;			/* not there */
	case 4:
		return end - (size ? below(fuzz, (u32)size) : 0);	/* ends too early */
	case 5:
		return fuzz->arena;		/* read-only */
	default:
		*whole = size <= ARENA_BYTES;
		return *whole ? end - size : start;
	}
}

static void fill(struct fuzz *fuzz, u8 *at, size_t size)
{
	size_t i;
	int how = (int)below(fuzz, 3);

	for (i = 0; i < size; i++)
		at[i] = how == 0 ? 0 : how == 1 ? (u8)random_word(fuzz) : (u8)(chance(fuzz, 20) ? random_word(fuzz) >> 60 : 0);
}

/* What makes a call with random content likely to be taken. */
static void repair(struct fuzz *fuzz, const struct request *request, u8 *at)
{
	struct kvm_userspace_memory_region *region = (void *)at;
	struct kvm_irqfd *irqfd = (void *)at;
	struct kvm_ioeventfd *ioeventfd = (void *)at;
	struct kvm_enable_cap *cap = (void *)at;
	struct kvm_dirty_log *log = (void *)at;
	struct kvm_msr_filter *filter = (void *)at;
	u64 bytes;
	int i;

	if (chance(fuzz, 20))
		return;
	switch (request->number) {
	case KVM_SET_USER_MEMORY_REGION:
		region->slot = below(fuzz, 5);
		region->flags = below(fuzz, 8) ? below(fuzz, 2) : below(fuzz, 8);
		region->guest_phys_addr = (u64)below(fuzz, 64) * PAGE;
		region->memory_size = (u64)below(fuzz, 4) * PAGE;
		region->userspace_addr = (uintptr_t)fuzz->arena + PAGE;
		break;
	case KVM_IRQFD:
		*irqfd = (struct kvm_irqfd){
			.fd = (u32)fuzz->fds[pick(fuzz, EVENT)].fd, .gsi = below(fuzz, 30), .flags = below(fuzz, 3) == 2,
		};
		break;
	case KVM_IOEVENTFD:
		*ioeventfd = (struct kvm_ioeventfd){
			.fd = fuzz->fds[pick(fuzz, EVENT)].fd, .addr = below(fuzz, 16), .len = 1U << below(fuzz, 4),
			.flags = below(fuzz, 8), .datamatch = below(fuzz, 3),
		};
		break;
	case KVM_ENABLE_CAP:
		cap->cap = below(fuzz, 240);
		cap->flags = 0;
		break;
	case KVM_GET_DIRTY_LOG:
		log->slot = below(fuzz, 5);
		log->dirty_bitmap = fuzz->arena + PAGE;
		break;
	case KVM_X86_SET_MSR_FILTER:
		filter->flags = below(fuzz, 2);
		for (i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++) {
			filter->ranges[i].flags = below(fuzz, 4);
			filter->ranges[i].nmsrs = below(fuzz, 4) ? 0 : below(fuzz, 300);
			bytes = (filter->ranges[i].nmsrs + 63) / 64 * 8;
			/* In the read-only page: ends where the page ends, or where nobody knows. */
			filter->ranges[i].bitmap = fuzz->arena + PAGE - bytes;
		}
		break;
	default:
		break;
	}
}

static u32 array_length(struct fuzz *fuzz)
{
	static const u32 odd[] = { 0, 1, 255, 256, 257, 4096, 65536, GIANT, 0x80000000, 0xffffffff };

	return chance(fuzz, 70) ? below(fuzz, 40) : odd[below(fuzz, sizeof(odd) / sizeof(odd[0]))];
}

static int may_be_called(struct fuzz *fuzz, const struct request *request)
{
	switch (request->number) {
	case KVM_RUN:
	case KVM_CREATE_VM:
	case KVM_CREATE_VCPU:
		return 0;	/* steps of their own */
	case KVM_ENABLE_CAP:
	case KVM_CREATE_DEVICE:
	case KVM_MEMORY_ENCRYPT_OP:
	case KVM_MEMORY_ENCRYPT_REG_REGION:
	case KVM_SET_PMU_EVENT_FILTER:
	case KVM_XEN_HVM_CONFIG:
	case KVM_XEN_HVM_SET_ATTR:
	case KVM_XEN_VCPU_SET_ATTR:
	case KVM_HYPERV_EVENTFD:
	case KVM_SET_CPUID:
	case KVM_SET_DEVICE_ATTR:
	case KVM_GET_STATS_FD:
		return !fuzz->mild;	/* what can't be carried, and is refused */
	default:
		return !fuzz->mild || request->name[0] == 'K';
	}
}

static void step_request(struct fuzz *fuzz)
{
	const struct request *request = &requests[below(fuzz, (u32)request_count)];
	int place = chance(fuzz, 85) ? pick(fuzz, request->on) : (int)below(fuzz, MOST_FDS);
	u32 items = request->item ? array_length(fuzz) : 0;
	u64 size = request->size + (u64)items * request->item;
	int whole = 0, result, error;
	void *argument;

	if (!may_be_called(fuzz, request))
		return;
	if (!fuzz->trace && fuzz->fds[place].kind == CLOSED)
		return;	/* it may be another thread's by now */
	if (request->size) {
		argument = argument_memory(fuzz, size > ARENA_BYTES ? ARENA_BYTES : size, &whole);
		if (whole) {
			fill(fuzz, argument, size > ARENA_BYTES ? ARENA_BYTES : size);
			repair(fuzz, request, argument);
			if (request->item)
				memcpy((u8 *)argument + request->count_at, &items, sizeof(items));
		}
	} else {
		argument = (void *)(uintptr_t)(chance(fuzz, 70) ? below(fuzz, 300) : random_word(fuzz) >> below(fuzz, 64));
	}
	result = ioctl(fuzz->fds[place].fd, request->number, argument);
	error = result < 0 ? errno : 0;
	if (request->number == KVM_GET_STATS_FD && result >= 0) {
		add(fuzz, result, OTHER, -1);
		result = 0;
	}
	tell(fuzz, request->name, place, result, error,
	     whole && request->steady && result >= 0 ? digest(argument, size > ARENA_BYTES ? ARENA_BYTES : size) : 0);
}

/* ---- Other processes ---- */

static void step_fork(struct fuzz *fuzz)
{
	static char *const words[] = { "true", NULL };
	int place = (int)below(fuzz, MOST_FDS), status = 0;
	pid_t child;

	if (chance(fuzz, 50)) {
		if (posix_spawnp(&child, "true", NULL, NULL, words, environ))
			fail("true(1) cannot be run");
	} else {
		if (fuzz->trace)
			fflush(fuzz->trace);
		child = fork();
		if (child < 0)
			fail("fork: %s", strerror(errno));
		if (child == 0) {
			/* The VM is another process's: EIO, and whatever the library notes must not reach its parent. */
			int one = ioctl(fuzz->fds[place].fd, KVM_GET_API_VERSION, 0) < 0 ? errno : 0;
			int two = ioctl(fuzz->fds[place].fd, KVM_CREATE_IRQCHIP, 0) < 0 ? errno : 0;

			close(fuzz->fds[place].fd);
			if (one == 1)
				execlp("true", "true", (char *)NULL);
			_exit((one * 31 + two) & 0x7f);
		}
	}
	if (waitpid(child, &status, 0) != child)
		fail("a child is gone: %s", strerror(errno));
	if (WIFSIGNALED(status))
		fail("a child of step %ld ended by signal %d", fuzz->step, WTERMSIG(status));
	tell(fuzz, "fork", place, status, 0, 0);
}

/* ---- A sequence ---- */

void fuzz_begin(struct fuzz *fuzz)
{
	int i;

	for (i = 0; i < MOST_FDS; i++)
		fuzz->fds[i].fd = -1;
	fuzz->arena = mmap(NULL, ARENA_BYTES + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fuzz->arena == MAP_FAILED || mprotect(fuzz->arena, PAGE, PROT_READ) ||
	    mprotect(fuzz->arena + PAGE + ARENA_BYTES, PAGE, PROT_NONE))
		fail("there is no memory for arguments: %s", strerror(errno));
}

void fuzz_step(struct fuzz *fuzz)
{
	u32 what = below(fuzz, 1000);

	fuzz->step++;
	if (what < 40)
		step_open(fuzz);
	else if (what < 80)
		step_close(fuzz);
	else if (what < 110)
		step_duplicate(fuzz);
	else if (what < 200)
		step_create(fuzz);
	else if (what < 240)
		step_map(fuzz);
	else if (what < 260)
		step_unmap(fuzz);
	else if (what < 300)
		step_run(fuzz);
	else if (what < 305)
		step_fork(fuzz);
	else
		step_request(fuzz);
}

void fuzz_end(struct fuzz *fuzz)
{
	int i;

	for (i = 0; i < MOST_FDS; i++) {
		if (fuzz->fds[i].kind == CLOSED)
			continue;
		unmap(&fuzz->fds[i]);
		close(fuzz->fds[i].fd);
		fuzz->fds[i].kind = CLOSED;
	}
}

/* ---- Afterwards ---- */

static int must(int result, const char *what)
{
	if (result < 0)
		fail("of an ordinary VM, %s: %s", what, strerror(errno));
	return result;
}

void fuzz_ordinary_vm(struct fuzz *fuzz)
{
	static const u8 code[] = { 0xe6, 0x80, 0xfe, 0xc0, 0xeb, 0xfa };	/* again: out 0x80, al; inc al; jmp again */
	int kvm = must(open(fuzz->device, O_RDWR | O_CLOEXEC), "the device");
	int vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	struct kvm_userspace_memory_region region = { .memory_size = PAGE, .guest_phys_addr = PAGE };
	struct kvm_regs regs = { .rip = PAGE, .rflags = 2 };
	struct kvm_sregs sregs;
	struct kvm_run *run;
	u8 *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int vcpu, bytes, i;

	memcpy(memory, code, sizeof(code));
	region.userspace_addr = (uintptr_t)memory;
	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	bytes = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	run = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		fail("the vCPU of an ordinary VM cannot be mapped: %s", strerror(errno));
	must(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	must(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	for (i = 0; i < 300; i++) {
		while (ioctl(vcpu, KVM_RUN, 0) < 0)
			if (errno != EINTR)
				fail("of an ordinary VM, KVM_RUN: %s", strerror(errno));
		if (run->exit_reason != KVM_EXIT_IO || *((u8 *)run + run->io.data_offset) != (u8)i)
			fail("exit %d of an ordinary VM has the reason %u", i, run->exit_reason);
	}
	munmap(run, (size_t)bytes);
	close(vcpu);
	close(vm);
	close(kvm);
	munmap(memory, PAGE);
}
