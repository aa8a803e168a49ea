/* Measures what an exit costs; keeps a VM; asks for what a twin must refuse; watches host memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "main.h"

int exits(const struct options *options)
{
	struct vm vms[MAX_DEVICES];
	int device;
	long i;

	bind_to_cpu(options, 0);
	for (device = 0; device < options->device_count; device++) {
		vm_create(&vms[device], options->devices[device], 0, guest_exits);
		vms[device].area->count = options->count;
	}
	/* Devices in turn, so that what changes on the machine changes for all. The first run warms up. */
	for (i = 0; i <= options->repeats; i++) {
		for (device = 0; device < options->device_count; device++) {
			struct vm *vm = &vms[device];

			while (ioctl(vm->vcpu, KVM_RUN, 0))
				if (errno != EINTR)
					fail("KVM_RUN on %s: %s", vm->device, strerror(errno));
			if (vm->run->exit_reason != KVM_EXIT_IO || vm->run->io.port != PAUSE_PORT)
				fail("the guest on %s ended: %s", vm->device, vm_exit_text(vm));
			if (i)
				printf("ticks_per_exit %s %.1f\n", vm->device, (double)vm->area->ticks / options->count);
		}
	}
	printf("ok %ld times %ld CPUID exits\n", options->repeats, options->count);
	return 0;
}

int hold(const struct options *options)
{
	struct vm vms[MAX_DEVICES];
	int device;

	block_ends();
	for (device = 0; device < options->device_count; device++)
		vm_create(&vms[device], options->devices[device], 1, guest_ring);
	printf("holding %d VMs\n", options->device_count);
	wait_for_end(options->seconds ? options->seconds * 1000 : -1);
	printf("ok held\n");
	return 0;
}

static int refused(const char *device, const char *what, int result)
{
	if (result >= 0) {
		printf("FAILED %s accepts %s\n", device, what);
		return 0;
	}
	printf("ok %s refuses %s: %s\n", device, what, strerror(errno));
	return 1;
}

int refusals(const struct options *options)
{
	int device, good = 1;

	for (device = 0; device < options->device_count; device++) {
		const char *name = options->devices[device];
		struct kvm_create_device vfio = { .type = KVM_DEV_TYPE_VFIO };
		struct kvm_sev_cmd sev = { .id = KVM_SEV_INIT };
		u16 version;
		struct kvm_enable_cap evmcs = {
			.cap = KVM_CAP_HYPERV_ENLIGHTENED_VMCS, .args = { (u64)&version },
		};
		struct vm vm;

		vm_create(&vm, name, 1, guest_ring);
		good &= refused(name, "a VFIO device", ioctl(vm.fd, KVM_CREATE_DEVICE, &vfio));
		good &= refused(name, "SEV", ioctl(vm.fd, KVM_MEMORY_ENCRYPT_OP, &sev));
		good &= refused(name, "Hyper-V's enlightened VMCS", ioctl(vm.vcpu, KVM_ENABLE_CAP, &evmcs));
	}
	return good ? 0 : 1;
}

/*
 * Pipes, because the kernel takes their pages from where its own come from, and
 * takes others every time: what a module gives back while the processor still
 * writes to it ends up here.
 */
#define PIPE_BYTES (1UL << 20)

static void write_pipe(int fd, u64 *words, u64 seed)
{
	u64 i;

	for (i = 0; i < PIPE_BYTES / 8; i++)
		words[i] = pattern(seed, i);
	if (write(fd, words, PIPE_BYTES) != (ssize_t)PIPE_BYTES)
		fail("a pipe does not take %lu bytes: %s", PIPE_BYTES, strerror(errno));
}

static u64 read_pipe(int fd, u64 *words, u64 seed)
{
	u64 i, lost = 0;

	if (read(fd, words, PIPE_BYTES) != (ssize_t)PIPE_BYTES)
		fail("a pipe does not give back %lu bytes: %s", PIPE_BYTES, strerror(errno));
	for (i = 0; i < PIPE_BYTES / 8; i++) {
		if (words[i] == pattern(seed, i))
			continue;
		if (!lost++)
			printf("mismatch host memory at %llx of a page expected %llx found %llx\n",
			       (unsigned long long)(i * 8 % PAGE_BYTES), (unsigned long long)pattern(seed, i),
			       (unsigned long long)words[i]);
	}
	return lost;
}

int memory(const struct options *options)
{
	static u64 words[PIPE_BYTES / 8];
	static int pipes[MAX_PIPES][2];
	u64 lost = 0, passes = 0;
	double start = now();
	long i;

	block_ends();
	for (i = 0; i < options->mebibytes; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) || fcntl(pipes[i][0], F_SETPIPE_SZ, (int)PIPE_BYTES) < 0)
			fail("there are no %ld MiB for pipes: %s", options->mebibytes, strerror(errno));
		write_pipe(pipes[i][1], words, i);
	}
	printf("running %ld MiB\n", options->mebibytes);
	do {
		for (i = 0; i < options->mebibytes; i++) {
			lost += read_pipe(pipes[i][0], words, passes << 32 | i);
			write_pipe(pipes[i][1], words, (passes + 1) << 32 | i);
		}
		passes++;
	} while (!wait_for_end(20) && (!options->seconds || now() - start < options->seconds));
	printf("passes %llu\n", (unsigned long long)passes);
	printf("words_lost %llu\n", (unsigned long long)lost);
	if (lost)
		fail("%llu words of host memory were overwritten", (unsigned long long)lost);
	printf("ok %ld MiB of host memory stayed as they were\n", options->mebibytes);
	return 0;
}
