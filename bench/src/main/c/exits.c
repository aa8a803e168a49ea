/*
 * Counts what an exit from a guest costs: exits DEVICE1 DEVICE2 EXITS REPEATS [threads]
 *
 * Prints a line "KIND COST" per repetition, COST being ticks of the time-stamp counter per exit. In a lab whose clock
 * counts instructions, a tick is an instruction of the machine under KVM: hypervisor, kernel, this program and guest.
 *
 *   clock   no exit at all: an iteration of a loop of two instructions, by which the reader knows what a tick is
 *   cpuid   CPUID, answered inside the kernel
 *   port    OUT, which returns to user space (KVM_RUN puts the vCPU, and loads it again)
 *   msr     the same, with a TSC_AUX that differs from the host's: an MSR to be given back at every return
 *   switch  the same, with two VMs in turn, one on each device, whose TSC_AUX differ
 *
 * C and single-threaded, since a Java machine's own threads would be counted, too. Static, but for the comparison with and
 * without a library preloaded: that has a thread that sleeps, so the program is given one as well ("threads"), as every VMM
 * has. Where threads share descriptors, the kernel takes a reference at every system call.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#define MEMORY_BYTES 0x4000
#define CODE 0x1000
#define CPUID_ENTRIES 256
#define MSR_TSC_AUX 0xc0000103
#define CLOCK_ITERATIONS 1000000

/* 16-bit real mode: ESI times an instruction that exits, then HLT. */
#define LOOP(opcode, operand)                                                   \
	{                                                                       \
		0x31, 0xc0,		/* again: xor ax, ax */                 \
		opcode, operand,	/* cpuid, or out 0x80, al */            \
		0x66, 0x4e,		/* dec esi */                           \
		0x75, 0xf8,		/* jnz again */                         \
		0xf4			/* hlt */                               \
	}
static const uint8_t cpuid_code[] = LOOP(0x0f, 0xa2);
static const uint8_t port_code[] = LOOP(0xe6, 0x80);

struct guest {
	const char *device;
	uint8_t *memory;
	int vcpu;
	struct kvm_run *run;
};

static void fail(const char *device, const char *what)
{
	fprintf(stderr, "exits: %s on %s: %s\n", what, device, strerror(errno));
	exit(1);
}

static int call(const struct guest *guest, int fd, unsigned long request, void *argument, const char *name)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		fail(guest->device, name);
	return result;
}

static void set_cpuid(const struct guest *guest, int kvm)
{
	static struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[CPUID_ENTRIES];
	} cpuid;

	cpuid.head.nent = CPUID_ENTRIES;
	call(guest, kvm, KVM_GET_SUPPORTED_CPUID, &cpuid, "KVM_GET_SUPPORTED_CPUID");
	call(guest, guest->vcpu, KVM_SET_CPUID2, &cpuid, "KVM_SET_CPUID2");
}

/* The descriptors stay open until this program ends. */
static struct guest create(const char *device)
{
	struct guest guest = { .device = device };
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY_BYTES };
	int kvm = open(device, O_RDWR | O_CLOEXEC);
	int vm, bytes;

	if (kvm < 0)
		fail(device, "open");
	vm = call(&guest, kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	guest.memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guest.memory == MAP_FAILED)
		fail(device, "mmap of memory");
	region.userspace_addr = (uintptr_t)guest.memory;
	call(&guest, vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
	guest.vcpu = call(&guest, vm, KVM_CREATE_VCPU, NULL, "KVM_CREATE_VCPU");
	bytes = call(&guest, kvm, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE");
	guest.run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, guest.vcpu, 0);
	if (guest.run == MAP_FAILED)
		fail(device, "mmap of the vCPU");
	set_cpuid(&guest, kvm);
	return guest;
}

static void set_tsc_aux(const struct guest *guest, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry = { .index = MSR_TSC_AUX, .data = value } };

	if (call(guest, guest->vcpu, KVM_SET_MSRS, &msrs, "KVM_SET_MSRS") != 1) {
		fprintf(stderr, "exits: %s does not take TSC_AUX\n", guest->device);
		exit(1);
	}
}

static void start(const struct guest *guest, const uint8_t *code, uint32_t exits)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = CODE, .rflags = 2, .rsi = exits };

	memcpy(guest->memory + CODE, code, sizeof(cpuid_code));
	call(guest, guest->vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	call(guest, guest->vcpu, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
	call(guest, guest->vcpu, KVM_SET_REGS, &regs, "KVM_SET_REGS");
}

/* Runs until the next exit to user space; 0 when that was HLT. */
static int run(const struct guest *guest)
{
	call(guest, guest->vcpu, KVM_RUN, NULL, "KVM_RUN");
	if (guest->run->exit_reason == KVM_EXIT_HLT)
		return 0;
	if (guest->run->exit_reason == KVM_EXIT_IO)
		return 1;
	fprintf(stderr, "exits: the guest on %s died: KVM exit reason %u (linux/kvm.h)\n", guest->device,
		guest->run->exit_reason);
	exit(1);
}

/* The cost of one of the exits of guests that run in turn; second may be null. */
static void measure(const char *kind, const uint8_t *code, const struct guest *first, const struct guest *second,
		    uint32_t exits, uint32_t expected)
{
	uint32_t seen = 0;
	uint64_t before, ticks;

	start(first, code, exits);
	if (second)
		start(second, code, exits);
	before = __rdtsc();
	while (run(first)) {
		seen++;
		if (second)
			seen += run(second);
	}
	ticks = __rdtsc() - before;
	if (seen != expected) {
		fprintf(stderr, "exits: %u exits to user space instead of %u for %s\n", seen, expected, kind);
		exit(1);
	}
	printf("%s %.3f\n", kind, (double)ticks / (second ? 2.0 * exits : exits));
}

static void measure_clock(void)
{
	uint64_t iterations = CLOCK_ITERATIONS;
	uint64_t before = __rdtsc();

	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(iterations));
	printf("clock %.3f\n", (double)(__rdtsc() - before) / CLOCK_ITERATIONS);
}

static void *sleep_forever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	struct guest first, second, alone;
	uint32_t exits, repeats;
	pthread_t sleeper;

	if (argc < 5 || argc > 6 || !(exits = strtoul(argv[3], NULL, 10)) || !(repeats = strtoul(argv[4], NULL, 10))) {
		fprintf(stderr, "usage: exits DEVICE1 DEVICE2 EXITS REPEATS [threads]\n");
		return 2;
	}
	if (argc == 6 && pthread_create(&sleeper, NULL, sleep_forever, NULL))
		fail(argv[5], "pthread_create");
	alone = create(argv[1]);
	first = create(argv[1]);
	second = create(argv[2]);
	set_tsc_aux(&first, 0x1111);
	set_tsc_aux(&second, 0x2222);
	/* Once for nothing: pages get mapped, code gets translated. */
	start(&alone, cpuid_code, exits);
	run(&alone);
	while (repeats--) {
		measure_clock();
		measure("cpuid", cpuid_code, &alone, NULL, exits, 0);
		measure("port", port_code, &alone, NULL, exits, exits);
		measure("msr", port_code, &first, NULL, exits, exits);
		measure("switch", port_code, &first, &second, exits, 2 * exits);
	}
	return 0;
}
