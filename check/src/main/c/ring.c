/*
 * Guests in a ring. Each waits in HLT, is woken by the one before it, looks at
 * everything that belongs to it, and wakes the next by a write to a port. The
 * port is an ioeventfd and the other end an irqfd, so that on one CPU the vCPU
 * threads follow each other without a return to user space: what one leaves in
 * the processor is there when the next one is entered. With devices in turn,
 * every switch is one between hypervisors.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "member.h"

static struct member members[MAX_GUESTS];
static int member_count;

static u64 rounds(void)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < member_count; i++)
		sum += members[i].vm.area->rounds;
	return sum;
}

static void make_ring(const struct options *options)
{
	int i;

	if (options->guests * options->device_count > MAX_GUESTS)
		fail("there can be %d guests in all, not %ld", MAX_GUESTS, options->guests * options->device_count);
	member_count = options->guests * options->device_count;
	for (i = 0; i < member_count; i++)
		member_create(&members[i], options, i);
	for (i = 0; i < member_count; i++)
		member_wire(&members[i], members[(i + 1) % member_count].baton);
	for (i = 0; i < member_count; i++)
		member_start(&members[i]);
}

static void fail_standing(const struct options *options)
{
	int i;

	for (i = 0; i < member_count; i++)
		member_interrupt(&members[i]);
	fail("the guests stand still for %ld s", options->stall);
}

static void check_progress(double standing, const struct options *options)
{
	int i;

	for (i = 0; i < member_count; i++)
		if (members[i].ended)
			fail("guest %d on %s ended: %s", i, members[i].vm.device, vm_exit_text(&members[i].vm));
	if (standing > options->stall)
		fail_standing(options);
}

/* A baton that comes before a guest's interrupt controller is on would be lost. */
static void start_ring(const struct options *options)
{
	double start = now();
	u64 one = 1;
	int i;

	for (i = 0; i < member_count; i++) {
		while (!members[i].vm.area->ready) {
			check_progress(now() - start, options);
			usleep(1000);
		}
	}
	if (write(members[0].baton, &one, sizeof(one)) != sizeof(one))
		fail("the first guest cannot be woken: %s", strerror(errno));
}

static void watch(const struct options *options, double start, double *longest)
{
	double moved = now();
	u64 seen = 0, sum;
	int told = 0;

	for (;;) {
		int ended = wait_for_end(20);
		double time = now();

		sum = rounds();
		if (sum != seen) {
			if (seen && time - moved > *longest)
				*longest = time - moved;
			seen = sum;
			moved = time;
			if (!told)
				printf("running %d guests\n", member_count);
			told = 1;
		}
		if (ended || (options->seconds && time - start >= options->seconds))
			return;
		check_progress(time - moved, options);
	}
}

static void end_ring(const struct options *options)
{
	double start = now();
	int i;

	for (i = 0; i < member_count; i++)
		members[i].vm.area->stop = 1;
	for (i = 0; i < member_count; i++) {
		while (!members[i].ended) {
			if (now() - start > options->stall)
				fail_standing(options);
			usleep(5000);
		}
		pthread_join(members[i].thread, NULL);
		if (members[i].vm.run->exit_reason != KVM_EXIT_IO || members[i].vm.run->io.port != DONE_PORT ||
		    members[i].vm.area->fault_vector_plus_one)
			fail("guest %d on %s ended: %s", i, members[i].vm.device, vm_exit_text(&members[i].vm));
	}
}

int ring(const struct options *options)
{
	u64 bad = 0, fewest = ~0UL, exit_count = 0, halts = 0;
	long switches = 0;
	double start, seconds, longest = 0;
	int i;

	block_ends();
	make_ring(options);
	start_ring(options);
	start = now();
	watch(options, start, &longest);
	seconds = now() - start;
	end_ring(options);

	for (i = 0; i < member_count; i++) {
		const struct area *area = members[i].vm.area;

		bad += member_report(&members[i]);
		exit_count += area->exits;
		halts += area->halts;
		switches += members[i].usage.ru_nvcsw + members[i].usage.ru_nivcsw;
		if (area->rounds < fewest)
			fewest = area->rounds;
	}
	printf("seconds %.1f\n", seconds);
	printf("rounds %llu\n", (unsigned long long)rounds());
	printf("fewest_rounds %llu\n", (unsigned long long)fewest);
	printf("cpuid_exits %llu\n", (unsigned long long)exit_count);
	printf("halts %llu\n", (unsigned long long)halts);
	printf("switches %ld\n", switches);
	printf("longest_standstill_ms %.0f\n", longest * 1e3);
	printf("mismatches %llu\n", (unsigned long long)bad);
	if (bad)
		fail("%llu times a guest did not find what belongs to it", (unsigned long long)bad);
	if (!fewest)
		fail("a guest never had its turn");
	printf("ok %d guests found all that belongs to them in %llu rounds\n", member_count,
	       (unsigned long long)rounds());
	return 0;
}
