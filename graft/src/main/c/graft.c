// SPDX-License-Identifier: Apache-2.0
/*
 * One graft, in its order. Before the pause: the VM is built on the other device. In the pause: vCPUs parked, state
 * carried, descriptors exchanged. After it: the old VM is let go of. Whatever fails before the end of the pause is undone,
 * and the VM goes on where it was.
 */
#define _GNU_SOURCE
#include "graft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define MOST_CPUID 256
#define ATTEMPTS 5
#define BREATH 1000000 /* ns */

const char *const step_names[] = {
#define S(name, word) word,
	STEPS(S)
#undef S
};

bool fails(struct graft *graft, enum step step)
{
	graft->step = step;
	if (graft->fault != (int)step || --graft->fault_nth != 0)
		return false;
	graft->fault_reached = true;
	return true;
}

bool failed(struct graft *graft, int error, const char *format, ...)
{
	va_list arguments;

	graft->error = error;
	va_start(arguments, format);
	vsnprintf(graft->sentence, sizeof(graft->sentence), format, arguments);
	va_end(arguments);
	return false;
}

/*
 * On a host whose CPUs are all busy, building and closing VMs would be at the cost of the guest's time: one millisecond of it,
 * then one of rest. (A lower priority would be for the sandbox to forbid, and a sandbox may kill.)
 */
void breathe(struct graft *graft)
{
	const struct timespec rest = { .tv_nsec = BREATH };

	if (graft->breath == 0 || now_ns() - graft->breath < BREATH)
		return;
	nanosleep(&rest, NULL);
	graft->breath = now_ns();
}

bool stepped(struct graft *graft, enum step step, int fd, unsigned long request, void *argument, const char *what)
{
	int result;

	if (fails(graft, step))
		return failed(graft, EIO, "as ordered");
	breathe(graft);
	result = call(fd, request, argument);
	return result >= 0 || failed(graft, -result, "%s can't be carried", what);
}

/* ---- What is in the way ---- */

struct text {
	char *at;
	size_t room;
};

static void __attribute__((format(printf, 2, 3))) say(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->at, text->room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length + 2 > text->room)
		return;
	text->at[length] = '\n';
	text->at[length + 1] = '\0';
	text->at += length + 1;
	text->room -= (size_t)length + 1;
}

struct vm *graft_subject(void)
{
	return vms && !vms->next ? vms : NULL;
}

/* Each descriptor of KVM must be one that is known here for what it is: kvm-vm, kvm-vcpu:N, kvm-vcpu-stats:N. */
static void look_at_descriptors(struct text *text)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!directory) {
		say(text, "/proc/self/fd can't be read (%s), so it is not known what keeps the hypervisor in use",
		    strerror(errno));
		return;
	}
	while ((entry = readdir(directory))) {
		int fd = atoi(entry->d_name);
		struct object *object;
		const char *kind;
		char target[128];

		if (entry->d_name[0] == '.')
			continue;
		kind = kvm_name(fd, target, sizeof(target));
		if (!target[0])
			continue; /* closed while we look */
		object = fd < MOST_FDS ? atomic_load(&objects[fd]) : NULL;
		if (kind) {
			if (!object || (object->kind == VM && strcmp(kind, "kvm-vm") != 0) ||
			    (object->kind == VCPU && strncmp(kind, "kvm-vcpu:", 9) != 0) ||
			    (object->kind == STATS && !strstr(kind, "-stats")) || object->kind == EVENT ||
			    object->kind == STRANGER)
				say(text, "the descriptor %d (%s) is one that is not known here", fd, kind);
		} else if (object && (object->kind == VM || object->kind == VCPU)) {
			say(text, "the descriptor %d is not of KVM any more (%s)", fd, target);
		}
	}
	closedir(directory);
}

static void look_at_vm(struct text *text, struct vm *vm)
{
	if (vm->obstacle[0])
		say(text, "%s", vm->obstacle);
	if (vm->fd < 0)
		say(text, "the VM's own descriptor is closed");
	if (vm->ledger.vcpus == 0)
		say(text, "the VM has no vCPU yet");
	if (!vm->irqchip && !vm->split)
		say(text, "the VM has no interrupt controller in the kernel");
	for (int i = 0; i < vm->ledger.vcpus; i++) {
		if (vm->vcpus[i]->fd < 0)
			say(text, "the descriptor of vCPU %lu is closed", vm->vcpus[i]->id);
		/* One that was unplugged is not mapped any more, and its descriptor waits for a new use. */
		else if (vm->vcpus[i]->ran && !vm->vcpus[i]->was_mapped)
			say(text, "it was not seen where vCPU %lu is mapped", vm->vcpus[i]->id);
	}
	for (size_t i = 0; i < vm->ledger.irqfds.count; i++) {
		if (vm->ledger.irqfds.at[i].closed)
			say(text, "the eventfd of an irqfd is closed (GSI %u)", vm->ledger.irqfds.at[i].call.gsi);
	}
	for (size_t i = 0; i < vm->ledger.ioeventfds.count; i++) {
		if (vm->ledger.ioeventfds.at[i].closed)
			say(text, "the eventfd of an ioeventfd is closed (address 0x%llx)",
			    (unsigned long long)vm->ledger.ioeventfds.at[i].call.addr);
	}
}

/* Answers that are sets of flags; the others are numbers, of which more is better. */
static bool is_set(uint32_t extension)
{
	switch (extension) {
	case KVM_CAP_X86_DISABLE_EXITS:
	case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
	case KVM_CAP_X86_USER_SPACE_MSR:
	case KVM_CAP_ADJUST_CLOCK:
	case KVM_CAP_X2APIC_API:
	case KVM_CAP_X86_BUS_LOCK_EXIT:
	case KVM_CAP_EXIT_HYPERCALL:
	case KVM_CAP_SET_GUEST_DEBUG2:
	case KVM_CAP_X86_NOTIFY_VMEXIT:
	case KVM_CAP_PMU_CAPABILITY:
		return true;
	default:
		return false;
	}
}

static void compare_capabilities(struct text *text, int device)
{
	for (int i = 0; i < told_count; i++) {
		int there = call(device, KVM_CHECK_EXTENSION, (void *)(unsigned long)told[i].extension);
		int here = told[i].answer;

		if (here <= 0)
			continue;
		if (there < 0)
			there = 0;
		if (is_set(told[i].extension) ? (here & ~there) != 0 : there < here)
			say(text, "the other hypervisor offers less of the KVM capability %u (%d, here %d)",
			    told[i].extension, there, here);
	}
	for (int i = 0; i < 2; i++) {
		const uint32_t needed = i ? KVM_CAP_SREGS2 : KVM_CAP_VCPU_ATTRIBUTES;

		if (call(device, KVM_CHECK_EXTENSION, (void *)(unsigned long)needed) <= 0)
			say(text, "the other hypervisor is older than Linux 5.16: it lacks the KVM capability %u", needed);
	}
}

static bool supported_cpuid(int device, struct kvm_cpuid2 *cpuid)
{
	memset(cpuid, 0, sizeof(*cpuid) + MOST_CPUID * sizeof(cpuid->entries[0]));
	cpuid->nent = MOST_CPUID;
	return call(device, KVM_GET_SUPPORTED_CPUID, cpuid) >= 0;
}

static const struct kvm_cpuid_entry2 *leaf(const struct kvm_cpuid2 *cpuid, uint32_t function, uint32_t index)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == function &&
		    (!(entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || entry->index == index))
			return entry;
	}
	return NULL;
}

/* Registers of CPUID that are sets of features: SDM vol. 2A, CPUID; APM vol. 3, appendix E; kvm/x86/cpuid.rst. */
static const struct {
	uint32_t function, index;
	bool eax, ebx, ecx, edx;
} features[] = {
	{ 0x1, 0, false, false, true, true },	     { 0x7, 0, false, true, true, true },
	{ 0x7, 1, true, false, false, true },	     { 0xd, 0, true, false, false, false },
	{ 0xd, 1, true, false, true, false },	     { 0x80000001, 0, false, false, true, true },
	{ 0x80000008, 0, false, true, false, false }, { 0x8000000a, 0, false, false, false, true },
	{ 0x80000021, 0, true, false, false, false }, { 0x40000001, 0, true, false, false, false },
};

static void compare_register(struct text *text, uint32_t function, uint32_t index, const char *name, uint32_t used,
			     uint32_t here, uint32_t there)
{
	uint32_t missing = used & here & ~there;

	if (missing)
		say(text, "the guest has a CPU feature that the other hypervisor lacks (CPUID 0x%x.%u %s, bits 0x%x)", function,
		    index, name, missing);
}

/* What the VMM last told a vCPU of its features; NULL if it has not, or there is no memory. To be freed. */
static struct kvm_cpuid2 *guest_cpuid(struct vm *vm)
{
	struct kvm_cpuid2 *copy = NULL;

	pthread_mutex_lock(&ledger_lock);
	for (size_t i = vm->ledger.entries.count; i-- > 0;) {
		const struct entry *entry = &vm->ledger.entries.at[i];

		if (entry->request != KVM_SET_CPUID2)
			continue;
		copy = malloc(entry->size);
		if (copy)
			memcpy(copy, entry->payload, entry->size);
		break;
	}
	pthread_mutex_unlock(&ledger_lock);
	return copy;
}

/* What the guest was given, this side has and the other side has not. */
static void compare_cpuid(struct text *text, struct vm *vm, int device, int ours)
{
	const size_t size = sizeof(struct kvm_cpuid2) + MOST_CPUID * sizeof(struct kvm_cpuid_entry2);
	struct kvm_cpuid2 *here = malloc(size), *there = malloc(size), *guest = guest_cpuid(vm);

	if (here && there && guest && ours >= 0 && supported_cpuid(ours, here) && supported_cpuid(device, there)) {
		for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
			const uint32_t function = features[i].function, index = features[i].index;
			static const struct kvm_cpuid_entry2 nothing;
			const struct kvm_cpuid_entry2 *used = leaf(guest, function, index), *a = leaf(here, function, index),
						      *b = leaf(there, function, index);

			if (!used || !a)
				continue;
			b = b ? b : &nothing;
			if (features[i].eax)
				compare_register(text, function, index, "eax", used->eax, a->eax, b->eax);
			if (features[i].ebx)
				compare_register(text, function, index, "ebx", used->ebx, a->ebx, b->ebx);
			if (features[i].ecx)
				compare_register(text, function, index, "ecx", used->ecx, a->ecx, b->ecx);
			if (features[i].edx)
				compare_register(text, function, index, "edx", used->edx, a->edx, b->edx);
		}
	}
	free(here);
	free(there);
	free(guest);
}

/* A descriptor of the device that the VM is on; -1 if the VMM has closed them all. */
static int our_device(const struct vm *vm)
{
	for (int fd = 0; fd < MOST_FDS; fd++) {
		struct object *object = atomic_load(&objects[fd]);
		struct stat file;

		if (object && object->kind == SYSTEM && fstat(fd, &file) == 0 && file.st_rdev == vm->device)
			return fd;
	}
	return -1;
}

static void look_at_device(struct text *text, struct vm *vm, int device)
{
	struct stat file;
	int ours = our_device(vm);

	if (fstat(device, &file) != 0 || !S_ISCHR(file.st_mode) ||
	    call(device, KVM_GET_API_VERSION, NULL) != KVM_API_VERSION) {
		say(text, "the descriptor that was given is not a KVM device");
		return;
	}
	if (file.st_rdev == vm->device) {
		say(text, "the VM is on that device (%u:%u) already", major(file.st_rdev), minor(file.st_rdev));
		return;
	}
	if (ours >= 0 && call(ours, KVM_GET_VCPU_MMAP_SIZE, NULL) != call(device, KVM_GET_VCPU_MMAP_SIZE, NULL))
		say(text, "the other hypervisor's vCPUs are mapped with another size");
	compare_capabilities(text, device);
	compare_cpuid(text, vm, device, ours);
}

void graft_obstacles(int device, char *at, size_t room)
{
	struct text text = { at, room };
	struct vm *vm;

	at[0] = '\0';
	pthread_mutex_lock(&ledger_lock);
	vm = graft_subject();
	if (!vms)
		say(&text, "this process has no VM");
	else if (!vm)
		say(&text, "this process has more than one VM");
	else
		look_at_vm(&text, vm);
	pthread_mutex_unlock(&ledger_lock);
	/* Without the lock: it takes a while, and the VMM shall not wait. */
	if (vm && device >= 0)
		look_at_device(&text, vm, device);
	look_at_descriptors(&text);
}

/* ---- The order ---- */

static bool prepare(struct graft *graft)
{
	if (!shadow_keep(graft) || !shadow_build(graft) || !shadow_prepare_state(graft))
		return false;
	/* What the VMM did while the second VM was built. */
	return shadow_follow(graft);
}

/* What the second VM can't follow, though the VMM did it while it was built: then all is begun anew, or refused. */
static bool unchanged(struct graft *graft)
{
	const struct shadow *shadow = &graft->shadow;
	struct vm *vm = shadow->vm;
	char obstacles[4096] = "";
	struct text text = { obstacles, sizeof(obstacles) };

	if (vm->ledger.vcpus != shadow->vcpu_count)
		return failed(graft, EAGAIN, "the VMM added a vCPU meanwhile");
	for (int i = 0; i < shadow->vcpu_count; i++) {
		if (!vm->vcpus[i]->run != !shadow->vcpus[i].run)
			return failed(graft, EAGAIN, "the VMM mapped or unmapped a vCPU meanwhile");
	}
	if (vm->stats_changes != shadow->stats_changes)
		return failed(graft, EAGAIN, "the VMM opened or closed statistics meanwhile");
	if (vm->msr_count != shadow->msrs_touched)
		return failed(graft, EAGAIN, "the VMM set an MSR meanwhile that it had never set");
	pthread_mutex_lock(&ledger_lock);
	look_at_vm(&text, vm);
	pthread_mutex_unlock(&ledger_lock);
	return !obstacles[0] || failed(graft, EAGAIN, "%.*s", (int)strcspn(obstacles, "\n"), obstacles);
}

static bool park(struct graft *graft)
{
	struct vm *vm = graft->shadow.vm;
	const int64_t deadline = now_ns() + graft->timeout;
	int late, result;

	if (fails(graft, PARK_VCPUS))
		return failed(graft, EIO, "as ordered");
	result = park_all(vm, deadline, &late);
	if (result < 0)
		return failed(graft, -result, "vCPU %lu was not held in time: %s", vm->vcpus[late]->id,
			      atomic_load(&vm->vcpus[late]->in_run) ? "it does not leave the guest" :
								      "the VMM has not answered its last exit");
	/* Not before: a vCPU on its way here may need what another thread does with the VM. */
	gate_close();
	if (fails(graft, PARK_GATE))
		return failed(graft, EIO, "as ordered");
	if (!gate_await_empty(deadline))
		return failed(graft, ETIMEDOUT, "a call of the VMM on the VM did not end in time");
	if (fails(graft, PARK_CHANGES))
		return failed(graft, EIO, "as ordered");
	return unchanged(graft) && shadow_follow(graft) && shadow_fit_logs(graft);
}

/* Ends the current part of the pause; returns its length. */
static int64_t lap(int64_t *since)
{
	int64_t now = now_ns(), length = now - *since;

	*since = now;
	return length;
}

static bool pause_and_switch(struct graft *graft, int64_t *since)
{
	if (!park(graft))
		return false;
	graft->park = lap(since);
	if (!carry_detach(graft))
		return false;
	graft->detach = lap(since);
	if (!carry_read(graft))
		return false;
	graft->read = lap(since);
	if (!carry_write(graft))
		return false;
	graft->write = lap(since);
	if (!carry_attach(graft))
		return false;
	graft->attach = lap(since);
	if (!shadow_switch(graft) || !carry_quieten(graft))
		return false;
	graft->switching = lap(since);
	return true;
}

static void keep_dirty_logs(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	for (size_t i = 0; i < shadow->logs.count; i++)
		ledger_carry_log(shadow->vm, shadow->logs.at[i].slot, shadow->logs.at[i].bitmap, shadow->logs.at[i].bytes);
}

static bool attempt(struct graft *graft, int device, dev_t number)
{
	int64_t began = now_ns(), since, released;
	bool moved = false;

	memset(&graft->shadow, 0, sizeof(graft->shadow));
	graft->shadow.vm = graft_subject();
	graft->shadow.device = device;
	graft->shadow.fd = graft->shadow.kept = -1;
	graft->breath = began;
	if (prepare(graft)) {
		graft->breath = 0;
		since = now_ns();
		graft->prepare = since - began;
		began = since;
		moved = pause_and_switch(graft, &since);
		if (!moved) {
			shadow_switch_back(graft);
			carry_undo(graft);
		}
		keep_dirty_logs(graft);
		if (moved) {
			graft->shadow.vm->device = number;
			graft->shadow.vm->grafts++;
		}
		gate_open();
		released = park_release(graft->shadow.vm);
		graft->release = released - since;
		graft->pause = released - began;
	}
	since = now_ns();
	/* In any case the vCPUs first. */
	graft->breath = since - BREATH;
	shadow_tear_down(graft);
	graft->teardown = now_ns() - since;
	return moved;
}

enum outcome graft_run(struct graft *graft, int device)
{
	char obstacles[8192];
	struct stat file;

	for (int i = 0; i < ATTEMPTS; i++) {
		graft_obstacles(device, obstacles, sizeof(obstacles));
		if (obstacles[0]) {
			snprintf(graft->sentence, sizeof(graft->sentence), "%.*s", (int)strcspn(obstacles, "\n"),
				 obstacles);
			return REFUSAL;
		}
		if (fstat(device, &file) != 0)
			return REFUSAL;
		if (attempt(graft, device, file.st_rdev))
			return DONE;
		if (graft->error != EAGAIN || graft->fault_reached)
			break;
	}
	return FAILURE;
}
