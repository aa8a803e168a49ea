// SPDX-License-Identifier: Apache-2.0
/*
 * The VM, built a second time on the other device from what the ledger has, while the first one runs; and the exchange of
 * the two in the VMM's descriptors and mappings.
 */
#define _GNU_SOURCE
#include "graft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int keep(int fd)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_OF_OURS);

	return kept < 0 ? -errno : kept;
}

/* readdir may come by a descriptor that was made while it went on. */
static bool kept_already(const struct shadow *shadow, int fd)
{
	for (int i = 0; i < shadow->system_count; i++) {
		if (shadow->systems[i].kept == fd)
			return true;
	}
	return false;
}

/* Every descriptor of the device itself: each keeps the module in use. */
static bool keep_devices(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	bool whole = true;

	if (!directory)
		return failed(graft, errno, "/proc/self/fd can't be read");
	while (whole && (entry = readdir(directory))) {
		const int most = sizeof(shadow->systems) / sizeof(shadow->systems[0]);
		int fd = atoi(entry->d_name), kept;
		struct stat file;

		if (entry->d_name[0] == '.' || fstat(fd, &file) != 0 || !S_ISCHR(file.st_mode) ||
		    file.st_rdev != shadow->vm->device || kept_already(shadow, fd))
			continue;
		kept = shadow->system_count < most ? keep(fd) : -EMFILE;
		if (kept < 0) {
			whole = failed(graft, -kept, "the device's descriptor %d can't be kept", fd);
			break;
		}
		shadow->systems[shadow->system_count].fd = fd;
		shadow->systems[shadow->system_count++].kept = kept;
	}
	closedir(directory);
	return whole;
}

bool shadow_keep(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;
	struct vm *vm = shadow->vm;

	if (fails(graft, PREPARE_KEEP))
		return failed(graft, EIO, "as ordered");
	shadow->vcpu_count = vm->ledger.vcpus;
	shadow->vcpus = calloc((size_t)shadow->vcpu_count + 1, sizeof(*shadow->vcpus));
	if (!shadow->vcpus)
		return failed(graft, ENOMEM, "there is no memory");
	for (int i = 0; i < shadow->vcpu_count; i++)
		shadow->vcpus[i].fd = shadow->vcpus[i].kept = shadow->vcpus[i].state.schedstat = -1;
	shadow->kept = keep(vm->fd);
	if (shadow->kept < 0)
		return failed(graft, -shadow->kept, "the VM's descriptor can't be kept");
	for (int i = 0; i < shadow->vcpu_count; i++) {
		shadow->vcpus[i].kept = keep(vm->vcpus[i]->fd);
		if (shadow->vcpus[i].kept < 0)
			return failed(graft, -shadow->vcpus[i].kept, "the descriptor of vCPU %lu can't be kept",
				      vm->vcpus[i]->id);
	}
	return keep_devices(graft);
}

/* ---- Building ---- */

static bool replay(struct graft *graft, const struct entry *entry)
{
	struct shadow *shadow = &graft->shadow;
	int result;

	breathe(graft);
	if (entry->request == KVM_CREATE_VCPU) {
		if (fails(graft, PREPARE_VCPU))
			return failed(graft, EIO, "as ordered");
		if (entry->vcpu >= shadow->vcpu_count)
			return failed(graft, EAGAIN, "the VMM added a vCPU meanwhile");
		result = lift(call(shadow->fd, KVM_CREATE_VCPU, (void *)entry->argument));
		if (result < 0)
			return failed(graft, -result, "the other hypervisor did not make vCPU %lu", entry->argument);
		shadow->vcpus[entry->vcpu].fd = result;
		return true;
	}
	if (fails(graft, PREPARE_REPLAY))
		return failed(graft, EIO, "as ordered");
	result = ledger_replay(entry, entry->vcpu < 0 ? shadow->fd : shadow->vcpus[entry->vcpu].fd);
	if (result < 0)
		return failed(graft, -result, "the other hypervisor refused a setting of the VM (ioctl 0x%08x, %llu)",
			      entry->request, (unsigned long long)entry->key);
	return true;
}

static bool map_vcpus(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	for (int i = 0; i < shadow->vcpu_count; i++) {
		struct vcpu *vcpu = shadow->vm->vcpus[i];
		void *run, *old;

		if (fails(graft, PREPARE_MAP))
			return failed(graft, EIO, "as ordered");
		if (!vcpu->run)
			continue;
		run = real_mmap(vcpu->run_size, shadow->vcpus[i].fd);
		if (run == MAP_FAILED)
			return failed(graft, errno, "vCPU %lu can't be mapped", vcpu->id);
		shadow->vcpus[i].run = run;
		old = real_mmap(vcpu->run_size, shadow->vcpus[i].kept);
		if (old == MAP_FAILED)
			return failed(graft, errno, "vCPU %lu can't be mapped again", vcpu->id);
		shadow->vcpus[i].old = old;
	}
	return true;
}

static bool same_region(const struct kvm_userspace_memory_region *a, const struct kvm_userspace_memory_region *b)
{
	return a->slot == b->slot && a->flags == b->flags && a->guest_phys_addr == b->guest_phys_addr &&
	       a->memory_size == b->memory_size && a->userspace_addr == b->userspace_addr;
}

static bool has_slot(const struct ledger *ledger, const struct kvm_userspace_memory_region *region)
{
	for (size_t i = 0; i < ledger->slots.count; i++) {
		if (same_region(&ledger->slots.at[i].region, region))
			return true;
	}
	return false;
}

static bool follow_slots(struct graft *graft, const struct ledger *from, const struct ledger *to)
{
	for (size_t i = 0; i < from->slots.count; i++) {
		struct kvm_userspace_memory_region gone = from->slots.at[i].region;

		if (has_slot(to, &gone))
			continue;
		gone.memory_size = 0;
		if (!stepped(graft, PREPARE_SLOT, graft->shadow.fd, KVM_SET_USER_MEMORY_REGION, &gone, "a memory slot"))
			return false;
	}
	for (size_t i = 0; i < to->slots.count; i++) {
		struct kvm_userspace_memory_region region = to->slots.at[i].region;

		if (!has_slot(from, &region) &&
		    !stepped(graft, PREPARE_SLOT, graft->shadow.fd, KVM_SET_USER_MEMORY_REGION, &region, "a memory slot"))
			return false;
	}
	return true;
}

#define HAS(ledger, array, wanted) ({ \
	bool found_ = false; \
	for (size_t i_ = 0; i_ < (ledger)->array.count && !found_; i_++) \
		found_ = memcmp(&(ledger)->array.at[i_].call, (wanted), sizeof(*(wanted))) == 0; \
	found_; })

static bool follow_ioeventfds(struct graft *graft, const struct ledger *from, const struct ledger *to)
{
	for (size_t i = 0; i < from->ioeventfds.count; i++) {
		struct kvm_ioeventfd gone = from->ioeventfds.at[i].call;

		if (HAS(to, ioeventfds, &gone))
			continue;
		gone.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
		if (!stepped(graft, PREPARE_IOEVENTFD, graft->shadow.fd, KVM_IOEVENTFD, &gone, "an ioeventfd"))
			return false;
	}
	for (size_t i = 0; i < to->ioeventfds.count; i++) {
		struct kvm_ioeventfd event = to->ioeventfds.at[i].call;

		if (!HAS(from, ioeventfds, &event) &&
		    !stepped(graft, PREPARE_IOEVENTFD, graft->shadow.fd, KVM_IOEVENTFD, &event, "an ioeventfd"))
			return false;
	}
	return true;
}

static bool follow_zones(struct graft *graft, const struct ledger *from, const struct ledger *to)
{
	for (size_t i = 0; i < from->zones.count; i++) {
		struct kvm_coalesced_mmio_zone gone = from->zones.at[i].call;

		if (!HAS(to, zones, &gone) && !stepped(graft, PREPARE_ZONE, graft->shadow.fd, KVM_UNREGISTER_COALESCED_MMIO,
						       &gone, "a coalesced MMIO zone"))
			return false;
	}
	for (size_t i = 0; i < to->zones.count; i++) {
		struct kvm_coalesced_mmio_zone zone = to->zones.at[i].call;

		if (!HAS(from, zones, &zone) && !stepped(graft, PREPARE_ZONE, graft->shadow.fd, KVM_REGISTER_COALESCED_MMIO,
							 &zone, "a coalesced MMIO zone"))
			return false;
	}
	return true;
}

/* Brings the second VM from what was applied to what the VMM has by now. */
bool shadow_follow(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;
	const uint64_t seen = shadow->applied.version;
	struct ledger now;
	bool copied;

	pthread_mutex_lock(&ledger_lock);
	copied = shadow->vm->ledger.version == seen && seen != 0;
	if (copied) {
		pthread_mutex_unlock(&ledger_lock);
		return true;
	}
	copied = ledger_copy(&now, &shadow->vm->ledger);
	pthread_mutex_unlock(&ledger_lock);
	if (!copied)
		return failed(graft, ENOMEM, "there is no memory");
	for (size_t i = 0; i < now.entries.count; i++) {
		const struct entry *entry = &now.entries.at[i];

		if (entry->version > seen && !replay(graft, entry))
			goto failure;
	}
	if (!follow_slots(graft, &shadow->applied, &now) || !follow_ioeventfds(graft, &shadow->applied, &now) ||
	    !follow_zones(graft, &shadow->applied, &now))
		goto failure;
	ledger_free(&shadow->applied);
	shadow->applied = now;
	return true;
failure:
	pthread_mutex_lock(&ledger_lock);
	/* It may be the VMM's doing, which closed or removed something meanwhile: then it is tried again from the start. */
	if (!graft->fault_reached && (seen != 0 || shadow->vm->ledger.version != now.version))
		graft->error = EAGAIN;
	pthread_mutex_unlock(&ledger_lock);
	ledger_free(&now);
	return false;
}

/* The same files of the second VM. */
static bool open_stats(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	shadow->stats_changes = shadow->vm->stats_changes;
	for (int fd = 0; fd < MOST_FDS; fd++) {
		struct object *object = atomic_load(&objects[fd]);
		struct stats *more, stats = { .number = fd };

		if (!object || object->kind != STATS || object->vm != shadow->vm)
			continue;
		if (fails(graft, PREPARE_STATS))
			return failed(graft, EIO, "as ordered");
		if (object->vcpu && object->vcpu->index >= shadow->vcpu_count)
			return failed(graft, EAGAIN, "the VMM added a vCPU meanwhile");
		more = realloc(shadow->stats.at, (shadow->stats.count + 1) * sizeof(*more));
		if (!more)
			return failed(graft, ENOMEM, "there is no memory");
		shadow->stats.at = more;
		stats.kept = keep(fd);
		stats.fd = lift(call(object->vcpu ? shadow->vcpus[object->vcpu->index].fd : shadow->fd, KVM_GET_STATS_FD, NULL));
		more[shadow->stats.count++] = stats;
		if (stats.kept < 0 || stats.fd < 0)
			return failed(graft, stats.fd < 0 ? -stats.fd : -stats.kept, "the statistics can't be opened");
	}
	return true;
}

bool shadow_build(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	if (fails(graft, PREPARE_VM))
		return failed(graft, EIO, "as ordered");
	shadow->fd = lift(call(shadow->device, KVM_CREATE_VM, (void *)shadow->vm->type));
	if (shadow->fd < 0)
		return failed(graft, -shadow->fd, "the other hypervisor did not make a VM");
	return shadow_follow(graft) && map_vcpus(graft) && open_stats(graft);
}

/* ---- What the pause needs ---- */

#define MSR_TSC 0x10
#define HYPERV_FIRST 0x40000000
#define HYPERV_LAST 0x400001ff

static bool carried_otherwise(uint32_t msr)
{
	return msr == MSR_TSC || msr == MSR_TSC_DEADLINE || (msr >= HYPERV_FIRST && msr <= HYPERV_LAST);
}

static bool listed(const struct shadow *shadow, uint32_t index)
{
	for (uint32_t i = 0; i < shadow->msr_count; i++) {
		if (shadow->msrs[i] == index)
			return true;
	}
	return false;
}

/* What KVM lists, as far as the second VM can read it and takes it back, and whatever the VMM has ever set. */
static bool list_msrs(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;
	struct vm *vm = shadow->vm;
	struct kvm_msr_list probe = { .nmsrs = 0 }, *list;
	struct kvm_msrs *tried;
	bool whole = false;
	int result;

	if (fails(graft, PREPARE_MSRS))
		return failed(graft, EIO, "as ordered");
	call(shadow->device, KVM_GET_MSR_INDEX_LIST, &probe); /* E2BIG, and says how many */
	list = calloc(1, sizeof(*list) + probe.nmsrs * sizeof(uint32_t));
	tried = calloc(1, sizeof(*tried) + probe.nmsrs * sizeof(struct kvm_msr_entry));
	pthread_mutex_lock(&ledger_lock);
	shadow->msrs_touched = vm->msr_count;
	shadow->msrs = calloc(probe.nmsrs + vm->msr_count + 1, sizeof(uint32_t));
	pthread_mutex_unlock(&ledger_lock);
	if (!list || !tried || !shadow->msrs) {
		failed(graft, ENOMEM, "there is no memory");
		goto done;
	}
	list->nmsrs = probe.nmsrs;
	if (call(shadow->device, KVM_GET_MSR_INDEX_LIST, list) < 0) {
		failed(graft, EIO, "the other hypervisor does not list its MSRs");
		goto done;
	}
	for (uint32_t i = 0; i < list->nmsrs; i++) {
		if (!carried_otherwise(list->indices[i]))
			tried->entries[tried->nmsrs++].index = list->indices[i];
	}
	result = carry_msrs(shadow->vcpus[0].fd, KVM_GET_MSRS, tried);
	breathe(graft);
	if (result == 0)
		result = carry_msrs(shadow->vcpus[0].fd, KVM_SET_MSRS, tried);
	if (result < 0) {
		failed(graft, -result, "the MSRs of the other hypervisor can't be tried");
		goto done;
	}
	for (uint32_t i = 0; i < tried->nmsrs; i++)
		shadow->msrs[shadow->msr_count++] = tried->entries[i].index;
	/* One that the VMM sets from now on is found in the pause. */
	pthread_mutex_lock(&ledger_lock);
	for (size_t i = 0; i < shadow->msrs_touched; i++) {
		if (!carried_otherwise(vm->msrs[i]) && !listed(shadow, vm->msrs[i]))
			shadow->msrs[shadow->msr_count++] = vm->msrs[i];
	}
	pthread_mutex_unlock(&ledger_lock);
	whole = true;
done:
	free(list);
	free(tried);
	return whole;
}

/* What a new vCPU has: that need not be written. The vCPU's own buffer is still free for it. */
static bool read_baseline(struct graft *graft, struct shadow_vcpu *vcpu)
{
	const struct shadow *shadow = &graft->shadow;
	struct kvm_msrs *msrs = vcpu->state.msrs;
	uint32_t have = 0;
	int result;

	for (uint32_t i = 0; i < shadow->msr_count; i++)
		msrs->entries[i].index = shadow->msrs[i];
	msrs->nmsrs = shadow->msr_count;
	result = carry_msrs(vcpu->fd, KVM_GET_MSRS, msrs);
	if (result < 0)
		return failed(graft, -result, "the MSRs of a new vCPU can't be read");
	for (uint32_t i = 0; i < shadow->msr_count; i++) {
		bool there = have < msrs->nmsrs && msrs->entries[have].index == shadow->msrs[i];

		vcpu->baseline[i] = there ? msrs->entries[have++].data : ~0ull;
	}
	return true;
}

static void free_logs(struct shadow *shadow)
{
	for (size_t i = 0; i < shadow->logs.count; i++)
		free(shadow->logs.at[i].bitmap);
	free(shadow->logs.at);
	shadow->logs.at = NULL;
	shadow->logs.count = 0;
}

static bool make_logs(struct shadow *shadow)
{
	for (size_t i = 0; i < shadow->applied.slots.count; i++) {
		const struct kvm_userspace_memory_region *region = &shadow->applied.slots.at[i].region;
		struct carried_log *log;

		if (!(region->flags & KVM_MEM_LOG_DIRTY_PAGES))
			continue;
		log = realloc(shadow->logs.at, (shadow->logs.count + 1) * sizeof(*log));
		if (!log)
			return false;
		shadow->logs.at = log;
		log += shadow->logs.count;
		log->slot = region->slot;
		log->bytes = (region->memory_size / PAGE + 63) / 64 * 8;
		log->bitmap = calloc(1, log->bytes);
		if (!log->bitmap)
			return false;
		shadow->logs.count++;
	}
	return true;
}

/* Room for the dirty log of each slot that has one by now, of the size that it has by now: the kernel fills all of it. */
bool shadow_fit_logs(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	if (shadow->logs_version == shadow->applied.version)
		return true;
	free_logs(shadow);
	if (!make_logs(shadow))
		return failed(graft, ENOMEM, "there is no memory for the dirty log");
	shadow->logs_version = shadow->applied.version;
	return true;
}

bool shadow_prepare_state(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;
	struct vm *vm = shadow->vm;
	int xsave = call(vm->fd, KVM_CHECK_EXTENSION, (void *)KVM_CAP_XSAVE2);
	int nested = call(shadow->device, KVM_CHECK_EXTENSION, (void *)KVM_CAP_NESTED_STATE);
	int ring = call(shadow->device, KVM_CHECK_EXTENSION, (void *)KVM_CAP_COALESCED_MMIO);

	shadow->xsave_size = xsave > (int)sizeof(struct kvm_xsave) ? (size_t)xsave : sizeof(struct kvm_xsave);
	shadow->nested_size = nested > 0 ? (size_t)nested : 0;
	shadow->ring_offset = ring > 0 ? ring * (long)PAGE : 0;
	if (!list_msrs(graft))
		return false;
	if (fails(graft, PREPARE_MEMORY))
		return failed(graft, EIO, "as ordered");
	for (int i = 0; i < shadow->vcpu_count; i++) {
		struct shadow_vcpu *vcpu = &shadow->vcpus[i];
		char path[64];

		vcpu->state.xsave = calloc(1, shadow->xsave_size);
		vcpu->state.nested = calloc(1, shadow->nested_size + sizeof(*vcpu->state.nested));
		vcpu->state.msrs = calloc(1, sizeof(struct kvm_msrs) +
						     (shadow->msr_count + 1) * sizeof(struct kvm_msr_entry));
		vcpu->baseline = calloc(shadow->msr_count + 1, sizeof(uint64_t));
		if (!vcpu->state.xsave || !vcpu->state.nested || !vcpu->state.msrs || !vcpu->baseline)
			return failed(graft, ENOMEM, "there is no memory");
		breathe(graft);
		if (!read_baseline(graft, vcpu))
			return false;
		snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", vm->vcpus[i]->tid);
		vcpu->state.schedstat = vm->vcpus[i]->tid ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	}
	return shadow_fit_logs(graft);
}

/* ---- The exchange ---- */

static struct kvm_coalesced_mmio_ring *ring_of(const struct shadow *shadow, struct kvm_run *run, size_t size)
{
	if (!run || shadow->ring_offset == 0 || (size_t)shadow->ring_offset + PAGE > size)
		return NULL;
	return (struct kvm_coalesced_mmio_ring *)((char *)run + shadow->ring_offset);
}

/*
 * MMIO that the guest has written and the VMM has yet to see lies in a ring in the mapping. No vCPU puts anything in now;
 * but a thread of the VMM may be taking out. An empty ring is nobody's; one that does not get shorter is not being read.
 */
static bool await_quiet_ring(struct graft *graft, volatile struct kvm_coalesced_mmio_ring *ring)
{
	const struct timespec nap = { .tv_nsec = 100000 };

	for (int attempt = 0; attempt < 50; attempt++) {
		const uint32_t first = ring->first;

		if (first == ring->last)
			return true;
		nanosleep(&nap, NULL);
		if (ring->first == first)
			return true;
	}
	return failed(graft, EAGAIN, "the VMM went on reading coalesced MMIO");
}

static bool switch_mapping(struct graft *graft, int i)
{
	struct shadow *shadow = &graft->shadow;
	struct vcpu *vcpu = shadow->vm->vcpus[i];
	struct shadow_vcpu *other = &shadow->vcpus[i];
	struct kvm_coalesced_mmio_ring *ring, *old;
	uint32_t first = 0;

	if (!vcpu->run || !other->run)
		return true;
	old = ring_of(shadow, other->old, vcpu->run_size);
	ring = ring_of(shadow, other->run, vcpu->run_size);
	if (fails(graft, SWITCH_RING))
		return failed(graft, EIO, "as ordered");
	/* A VM has one ring, which all its vCPUs' mappings show. */
	if (ring && old && !shadow->ring_copied) {
		if (!await_quiet_ring(graft, old))
			return false;
		memcpy(ring, old, PAGE);
		shadow->ring_copied = true;
	}
	if (fails(graft, SWITCH_MAPPING))
		return failed(graft, EIO, "as ordered");
	memcpy(other->run, other->old, PAGE);
	first = ring ? ring->first : 0;
	if (mremap(other->run, vcpu->run_size, vcpu->run_size, MREMAP_MAYMOVE | MREMAP_FIXED, vcpu->run) == MAP_FAILED)
		return failed(graft, errno, "the mapping of vCPU %lu can't be exchanged", vcpu->id);
	other->run = NULL;
	other->mapped = true;
	ring = ring_of(shadow, vcpu->run, vcpu->run_size);
	/* A reader that began in the last microsecond: what it took out of the old ring is not to be seen again. */
	if (ring && old && *(volatile uint32_t *)&old->first != first && ring->first == first)
		ring->first = old->first;
	return true;
}

/* Another file under the number; its close-on-exec flag stays. */
static int take_place(int file, int number)
{
	int flags = fcntl(number, F_GETFD);

	if (flags < 0 || dup3(file, number, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
		return -errno;
	return 0;
}

static bool switch_descriptor(struct graft *graft, enum step step, int file, int number, bool *switched)
{
	int result;

	if (fails(graft, step))
		return failed(graft, EIO, "as ordered");
	result = take_place(file, number);
	if (result < 0)
		return failed(graft, -result, "the descriptor %d can't be exchanged", number);
	*switched = true;
	return true;
}

bool shadow_switch(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	for (int i = 0; i < shadow->vcpu_count; i++) {
		struct shadow_vcpu *other = &shadow->vcpus[i];

		if (!switch_mapping(graft, i) ||
		    !switch_descriptor(graft, SWITCH_VCPU, other->fd, shadow->vm->vcpus[i]->fd, &other->switched))
			return false;
	}
	if (!switch_descriptor(graft, SWITCH_VM, shadow->fd, shadow->vm->fd, &shadow->vm_switched))
		return false;
	for (size_t i = 0; i < shadow->stats.count; i++) {
		struct stats *stats = &shadow->stats.at[i];

		if (!switch_descriptor(graft, SWITCH_STATS, stats->fd, stats->number, &stats->switched))
			return false;
	}
	for (int i = 0; i < shadow->system_count; i++) {
		if (!switch_descriptor(graft, SWITCH_DEVICE, shadow->device, shadow->systems[i].fd,
				       &shadow->systems[i].switched))
			return false;
	}
	return true;
}

/* What was exchanged is exchanged again. That can't fail for want of anything: the numbers and addresses are ours. */
void shadow_switch_back(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	for (int i = 0; i < shadow->system_count; i++) {
		if (shadow->systems[i].switched)
			take_place(shadow->systems[i].kept, shadow->systems[i].fd);
		shadow->systems[i].switched = false;
	}
	for (size_t i = 0; i < shadow->stats.count; i++) {
		if (shadow->stats.at[i].switched)
			take_place(shadow->stats.at[i].kept, shadow->stats.at[i].number);
		shadow->stats.at[i].switched = false;
	}
	if (shadow->vm_switched)
		take_place(shadow->kept, shadow->vm->fd);
	shadow->vm_switched = false;
	for (int i = 0; i < shadow->vcpu_count; i++) {
		struct shadow_vcpu *other = &shadow->vcpus[i];
		struct vcpu *vcpu = shadow->vm->vcpus[i];

		if (other->switched)
			take_place(other->kept, vcpu->fd);
		other->switched = false;
		if (other->mapped) {
			mremap(other->old, vcpu->run_size, vcpu->run_size, MREMAP_MAYMOVE | MREMAP_FIXED, vcpu->run);
			other->old = NULL;
		}
		other->mapped = false;
	}
}

/* Lets go of the side that the VM is not on: the VMM's own numbers and mappings are all that holds the other. */
void shadow_tear_down(struct graft *graft)
{
	struct shadow *shadow = &graft->shadow;

	for (int i = 0; i < shadow->vcpu_count && shadow->vcpus; i++) {
		struct shadow_vcpu *other = &shadow->vcpus[i];
		size_t size = shadow->vm->vcpus[i]->run_size;

		if (other->run)
			real_munmap(other->run, size);
		if (other->old)
			real_munmap(other->old, size);
		breathe(graft);
		if (other->fd >= 0)
			real_close(other->fd);
		if (other->kept >= 0)
			real_close(other->kept);
		if (other->state.schedstat >= 0)
			real_close(other->state.schedstat);
		free(other->state.xsave);
		free(other->state.nested);
		free(other->state.msrs);
		free(other->baseline);
	}
	free(shadow->vcpus);
	for (int i = 0; i < shadow->system_count; i++)
		real_close(shadow->systems[i].kept);
	for (size_t i = 0; i < shadow->stats.count; i++) {
		if (shadow->stats.at[i].fd >= 0)
			real_close(shadow->stats.at[i].fd);
		if (shadow->stats.at[i].kept >= 0)
			real_close(shadow->stats.at[i].kept);
	}
	free(shadow->stats.at);
	if (shadow->fd >= 0)
		real_close(shadow->fd);
	if (shadow->kept >= 0)
		real_close(shadow->kept);
	free_logs(shadow);
	free(shadow->msrs);
	ledger_free(&shadow->applied);
	memset(shadow, 0, sizeof(*shadow));
}
