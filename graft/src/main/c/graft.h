/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TwinHype's graft: changes the KVM device under a running VMM, inside its process.
 *
 * The library is preloaded into an unmodified VMM. hooks.c sees the VMM's calls of ioctl, mmap, munmap and close;
 * ledger.c keeps how its VM was built; server.c listens for the command; graft.c is the order in which it is done:
 * shadow.c builds the VM a second time on the other device, park.c holds the vCPUs, carry.c takes their state across.
 *
 * Ioctls are named and described in the kernel's Documentation/virt/kvm/api.rst.
 */
#ifndef TWINHYPE_GRAFT_H
#define TWINHYPE_GRAFT_H

#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Only the hooks are seen from outside: the VMM may have names like ours. */
#pragma GCC visibility push(hidden)

#define PAGE 4096ul
#define MOST_FDS 65536
#define MOST_VCPUS 1024
#define SENTENCE 400
#define LOWEST_OF_OURS 200 /* descriptors */
#define MSR_TSC_DEADLINE 0x6e0 /* SDM vol. 4; carried by itself, after the local APIC */

/* ---- What the VMM did (ledger.c) ---- */

/* One call that configured the VM or a vCPU; a later call of the same kind takes its place in the order. */
struct entry {
	int vcpu; /* index in vm->vcpus, -1: the VM's */
	uint32_t request;
	uint64_t key; /* tells calls of one request apart: the capability's number */
	unsigned long argument; /* where there is no payload */
	void *payload;
	size_t size;
	uint64_t version; /* of the ledger, when this was written */
};

struct slot {
	struct kvm_userspace_memory_region region;
};

struct irqfd {
	struct kvm_irqfd call;
	bool closed; /* the VMM closed the eventfd's number while attached */
};

struct ioeventfd {
	struct kvm_ioeventfd call;
	bool closed;
};

struct zone {
	struct kvm_coalesced_mmio_zone call;
};

/* An array that grows; ledgers are made of them, so that one can be copied and compared. */
#define ARRAY(type) struct { type *at; size_t count, room; }

struct ledger {
	uint64_t version;
	ARRAY(struct entry) entries;
	ARRAY(struct slot) slots;
	ARRAY(struct irqfd) irqfds;
	ARRAY(struct ioeventfd) ioeventfds;
	ARRAY(struct zone) zones;
	int vcpus;
};

/* Pages that were dirty on the side that was left: the VMM is told of them with the next KVM_GET_DIRTY_LOG. */
struct carried_log {
	uint32_t slot;
	uint64_t bytes;
	uint64_t *bitmap;
};

enum attention { NOTHING, PARK, EINTR_DUE };

struct vcpu {
	/* What the way into KVM_RUN looks at. */
	_Atomic int attention; /* enum attention */
	_Atomic int in_run; /* inside KVM_RUN, or in our way into it */
	void *runner; /* the thread that runs it, by its thread pointer; NULL: none yet */
	int last; /* result of the last KVM_RUN: 0 or -errno */
	struct kvm_run *run; /* where the VMM mapped it */

	size_t run_size;
	int fd;
	int index;
	unsigned long id;
	pid_t tid;
	bool ran;
	bool was_mapped;
	bool waiting; /* parked; under park_lock */
	struct kvm_guest_debug debug;
	struct vm *vm;
};

struct vm {
	int fd; /* -1: the VMM closed it */
	dev_t device; /* that it runs on */
	unsigned long type;
	struct ledger ledger;
	struct vcpu *vcpus[MOST_VCPUS];
	uint32_t *msrs; /* every MSR that the VMM has set */
	size_t msr_count, msr_room;
	char obstacle[SENTENCE]; /* the first thing that can't be carried; "" if none */
	ARRAY(struct carried_log) carried;
	bool manual_dirty_log; /* KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: KVM_CLEAR_DIRTY_LOG clears */
	bool irqchip, split, pit;
	int grafts;
	int open_fds;
	unsigned int stats_changes; /* files of statistics opened and closed */
	struct vm *next;
};

enum kind { SYSTEM, VM, VCPU, STATS, EVENT, STRANGER };

struct object {
	enum kind kind;
	struct vm *vm;
	struct vcpu *vcpu; /* NULL: not of one */
};

/* What a device said when the VMM asked for an extension; the other one must say no less. */
struct told {
	uint32_t extension;
	bool of_vm;
	int answer;
};

extern pthread_mutex_t ledger_lock; /* guards the objects and ledgers; never held while vCPUs run or wait */
extern struct vm *vms;
extern struct told told[];
extern int told_count;

/* ledger_lock held. */
void ledger_note_told(uint32_t extension, bool of_vm, int answer);
/* Notes a successful call, after it was made. ledger_lock held. */
void ledger_note_vm(struct vm *vm, unsigned long request, void *argument, int result);
void ledger_note_vcpu(struct vcpu *vcpu, unsigned long request, void *argument, int result);
void ledger_obstacle(struct vm *vm, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ledger_eventfd_closed(int fd);
bool ledger_copy(struct ledger *to, const struct ledger *from);
void ledger_free(struct ledger *ledger);
void ledger_carry_log(struct vm *vm, uint32_t slot, const uint64_t *bitmap, uint64_t bytes);
void ledger_drop_logs(struct vm *vm);
/* Makes the call of an entry on a descriptor; -errno if it fails. */
int ledger_replay(const struct entry *entry, int fd);

/* Whether a request only reads, or puts in what is carried anyway; whether it must be noted. */
enum handling { FREE, NOTED };
enum handling ledger_handling(enum kind kind, uint32_t request);

/* ---- The hooks (hooks.c) ---- */

extern struct object *_Atomic objects[MOST_FDS];
extern struct object eventfd_object; /* under the number of every eventfd that is attached to a VM */
/* Ours, past our own hooks. */
void *real_mmap(size_t length, int fd);
void real_munmap(void *address, size_t length);
int real_ioctl(int fd, unsigned long request, void *argument);
int real_close(int fd);
/* Moves a descriptor of ours out of the way: the VMM shall get the numbers that it would get without us. */
int lift(int fd);
/* What the kernel calls a descriptor of KVM, such as kvm-vm or kvm-vcpu:0; target is what it is a link to. NULL: of another kind. */
const char *kvm_name(int fd, char *target, size_t room);
/* ioctl that returns -errno. */
int call(int fd, unsigned long request, void *argument);
void gate_close(void);
bool gate_await_empty(int64_t deadline);
void gate_open(void);
int64_t now_ns(void);

/* ---- Parking (park.c) ---- */

bool park_init(void);
extern int park_signal;
int park_run(struct vcpu *vcpu, int fd);
int park_after_run(struct vcpu *vcpu, int result);
/* Holds every vCPU of the VM; 0 or -errno, and which one did not come. */
int park_all(struct vm *vm, int64_t deadline, int *late);
/* Lets them go; returns when (now_ns). */
int64_t park_release(struct vm *vm);

/* ---- One graft ---- */

/* Every place at which a graft can fail; "fail=NAME" makes it. */
#define STEPS(S) \
	S(PREPARE_KEEP, "prepare.keep") S(PREPARE_VM, "prepare.vm") S(PREPARE_REPLAY, "prepare.replay") \
	S(PREPARE_VCPU, "prepare.vcpu") S(PREPARE_MAP, "prepare.map") S(PREPARE_SLOT, "prepare.slot") \
	S(PREPARE_IOEVENTFD, "prepare.ioeventfd") S(PREPARE_ZONE, "prepare.zone") S(PREPARE_MSRS, "prepare.msrs") \
	S(PREPARE_STATS, "prepare.stats") S(PREPARE_MEMORY, "prepare.memory") \
	S(PARK_VCPUS, "park.vcpus") S(PARK_GATE, "park.gate") S(PARK_CHANGES, "park.changes") \
	S(DETACH_IRQFD, "detach.irqfd") \
	S(READ_MP_STATE, "read.mp_state") S(READ_EVENTS, "read.events") S(READ_REGS, "read.regs") \
	S(READ_XSAVE, "read.xsave") S(READ_XCRS, "read.xcrs") S(READ_SREGS, "read.sregs") S(READ_MSRS, "read.msrs") \
	S(READ_LAPIC, "read.lapic") S(READ_DEBUGREGS, "read.debugregs") S(READ_NESTED, "read.nested") \
	S(READ_TSC, "read.tsc_offset") S(READ_PIT, "read.pit") S(READ_IRQCHIP, "read.irqchip") \
	S(READ_DIRTY_LOG, "read.dirty_log") \
	S(WRITE_TSC, "write.tsc_offset") S(WRITE_CLOCK, "write.clock") S(WRITE_SREGS, "write.sregs") \
	S(WRITE_NESTED, "write.nested") S(WRITE_REGS, "write.regs") S(WRITE_XSAVE, "write.xsave") \
	S(WRITE_XCRS, "write.xcrs") S(WRITE_MSRS, "write.msrs") S(WRITE_LAPIC, "write.lapic") \
	S(WRITE_EVENTS, "write.events") S(WRITE_MP_STATE, "write.mp_state") S(WRITE_DEADLINE, "write.tsc_deadline") \
	S(WRITE_DEBUGREGS, "write.debugregs") S(WRITE_DEBUG, "write.guest_debug") S(WRITE_IRQCHIP, "write.irqchip") \
	S(WRITE_PIT, "write.pit") \
	S(ATTACH_IRQFD, "attach.irqfd") S(SWITCH_RING, "switch.ring") S(SWITCH_MAPPING, "switch.mapping") \
	S(SWITCH_VCPU, "switch.vcpu") S(SWITCH_VM, "switch.vm") S(SWITCH_STATS, "switch.stats") \
	S(SWITCH_DEVICE, "switch.device") \
	S(SWITCH_QUIET, "switch.quiet")

enum step {
#define S(name, word) name,
	STEPS(S)
#undef S
	STEP_COUNT
};
extern const char *const step_names[];

/* What was read from one vCPU. */
struct vcpu_state {
	struct kvm_mp_state mp_state;
	struct kvm_vcpu_events events;
	struct kvm_regs regs;
	struct kvm_xsave *xsave;
	struct kvm_xcrs xcrs;
	struct kvm_sregs2 sregs;
	struct kvm_msrs *msrs;
	struct kvm_lapic_state lapic;
	struct kvm_debugregs debugregs;
	struct kvm_nested_state *nested;
	uint64_t tsc_offset;
	uint64_t tsc_deadline;
	uint64_t steal_page, async_pf, pv_eoi, system_time; /* values of KVM's own MSRs */
	uint64_t *steal; /* the guest's steal time, in this process; NULL: none */
	uint64_t steal_shift; /* what was taken off it */
	int schedstat; /* /proc/self/task/TID/schedstat, -1: none */
};

struct shadow_vcpu {
	int fd; /* on the other device */
	int kept; /* a second descriptor of the one left */
	struct kvm_run *run; /* the new vCPU's; NULL once it is where the VMM looks */
	struct kvm_run *old; /* a second mapping of the old vCPU's */
	bool mapped, switched;
	struct vcpu_state state;
	uint64_t *baseline; /* values of the MSRs on the new vCPU */
};

/* A file of statistics (KVM_GET_STATS_FD) that the VMM has open. */
struct stats {
	int number, fd, kept;
	bool switched;
};

/* The VM, built a second time on the other device. */
struct shadow {
	struct vm *vm;
	int device; /* the other device, from the commander */
	int fd;
	int kept; /* a second descriptor of the old VM */
	bool vm_switched;
	struct ledger applied;
	struct shadow_vcpu *vcpus;
	int vcpu_count;
	uint32_t *msrs;
	uint32_t msr_count;
	size_t msrs_touched; /* how many the VMM had ever set */
	size_t xsave_size, nested_size;
	long ring_offset; /* of the coalesced MMIO ring in a vCPU's mapping, bytes; 0: none */
	bool ring_copied;
	struct kvm_pit_state2 pit;
	struct kvm_irqchip irqchips[3];
	size_t irqfds_detached, irqfds_attached;
	ARRAY(struct carried_log) logs;
	uint64_t logs_version; /* of the ledger that they fit */
	struct { int fd, kept; bool switched; } systems[16];
	int system_count;
	ARRAY(struct stats) stats;
	unsigned int stats_changes;
	int64_t clock_error; /* ns */
};

struct graft {
	struct shadow shadow;
	int64_t timeout; /* ns, for parking */
	int64_t breath; /* when it last slept; 0: not now */
	int fault; /* enum step, -1: none */
	int fault_nth;
	bool fault_reached;
	enum step step; /* the last one begun */
	int error; /* errno */
	char sentence[SENTENCE];
	int64_t prepare, park, detach, read, write, attach, switching, release, pause, teardown; /* ns */
};

/* Outside of the pause: lets the guest have the CPU after every bit of work. */
void breathe(struct graft *graft);
/* Begins a step; true if it is to fail by order. */
bool fails(struct graft *graft, enum step step);
/* Notes why the current step failed; returns false. */
bool failed(struct graft *graft, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A step that is one call: makes it, unless it is to fail. */
bool stepped(struct graft *graft, enum step step, int fd, unsigned long request, void *argument, const char *what);

enum outcome { DONE, REFUSAL, FAILURE };
enum outcome graft_run(struct graft *graft, int device);
/* Everything that can't be carried, a sentence a line; with a device, also what that one lacks. */
void graft_obstacles(int device, char *text, size_t room);
struct vm *graft_subject(void);

bool shadow_keep(struct graft *graft);
bool shadow_build(struct graft *graft);
bool shadow_follow(struct graft *graft);
bool shadow_prepare_state(struct graft *graft);
bool shadow_fit_logs(struct graft *graft);
bool shadow_switch(struct graft *graft);
void shadow_switch_back(struct graft *graft);
void shadow_tear_down(struct graft *graft);

/*
 * KVM_GET_MSRS or KVM_SET_MSRS of many: the kernel stops at the first that does not work, which is left out. Leaves those that
 * worked, moved to the front; 0 or -errno.
 */
int carry_msrs(int fd, unsigned long request, struct kvm_msrs *msrs);
bool carry_detach(struct graft *graft);
void carry_reattach(struct graft *graft);
bool carry_attach(struct graft *graft);
bool carry_read(struct graft *graft);
bool carry_write(struct graft *graft);
bool carry_quieten(struct graft *graft);
void carry_undo(struct graft *graft);

void server_start(void);

#pragma GCC visibility pop

#endif
