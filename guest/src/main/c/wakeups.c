// SPDX-License-Identifier: Apache-2.0
/*
 * Wake-ups across vCPUs: a number goes round through pipes, a thread per vCPU, each of which sleeps until it comes. An
 * inter-processor interrupt that is lost stops it.
 */
#include "guest.h"

#define MOST_CPUS 64
#define REST_US 1000

static struct check wakeups = {
	.name = "wakeups",
	.proceeds = true,
	.figures = { { .key = "vcpus" }, { .key = "longest_ns" } },
};
static int pipes[MOST_CPUS][2];
static int members;

static void *pass_forever(void *cpu)
{
	const int self = (int)(long)cpu;
	uint64_t expected = 0, number;
	int64_t sent = 0;

	pin(self);
	in_real_time(30);
	if (self == 0 && write(pipes[1 % members][1], &expected, sizeof(expected)) != sizeof(expected))
		fail("pipe");
	for (;;) {
		if (read(pipes[self][0], &number, sizeof(number)) != sizeof(number))
			fail("pipe");
		if (spoil(&wakeups))
			expected--;
		if (number != expected)
			wrong(&wakeups, "vCPU %d was handed %llu instead of %llu", self, (unsigned long long)number,
			      (unsigned long long)expected);
		expected = number + 1;
		if (self == 0) {
			int64_t now = monotonic();

			if (sent && settled())
				figure_max(&wakeups.figures[1], now - sent);
			wakeups.rounds++;
			usleep(REST_US);
			sent = monotonic();
			number++;
		}
		if (write(pipes[(self + 1) % members][1], &number, sizeof(number)) != sizeof(number))
			fail("pipe");
	}
	return NULL;
}

void start_wakeups(void)
{
	members = cpus() < MOST_CPUS ? cpus() : MOST_CPUS;
	wakeups.figures[0].value = members;
	for (int i = 0; i < members; i++)
		if (pipe2(pipes[i], O_CLOEXEC) != 0)
			fail("pipe");
	watch(&wakeups);
	for (long cpu = 0; cpu < members; cpu++)
		start(pass_forever, (void *)cpu);
}
