// SPDX-License-Identifier: Apache-2.0
/*
 * Clocks: a thread per vCPU reads CLOCK_MONOTONIC and the TSC. Each must never go back on one vCPU; CLOCK_MONOTONIC must
 * not go back from one vCPU to another either (clock_gettime(2)), the TSC only if the guest's kernel relies on that. How
 * far the two step away from each other is a figure: the outside knows how long the guest did not run. How many of the
 * errors are of CLOCK_MONOTONIC is one, too: the outside knows whether the VMM has set it back.
 */
#include "guest.h"

#define BURST 50
#define PAUSE_US 5000
/* For the rate of the TSC, before steps are looked for. */
#define WARM_UP_NS (2 * NANOS)

enum { STEP_FORWARD, STEP_BACK, DRIFT, TSC_BACK, TSC_KHZ, CLOCK_BACK };

static struct check clocks = {
	.name = "clocks",
	.proceeds = true,
	.figures = {
		[STEP_FORWARD] = { .key = "step_forward_ns" },
		[STEP_BACK] = { .key = "step_back_ns" },
		[DRIFT] = { .key = "drift_ns" },
		[TSC_BACK] = { .key = "tsc_back_across" },
		[TSC_KHZ] = { .key = "tsc_khz" },
		[CLOCK_BACK] = { .key = "clock_back" },
	},
};
static _Atomic int64_t highest_clock;
static _Atomic uint64_t highest_tsc;
static bool tsc_is_promised;

struct moment {
	int64_t clock;
	uint64_t tsc;
};

static uint64_t tsc(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* Both at one moment, as near as can be had: the reading that took least time. */
static struct moment both(void)
{
	struct moment best = { 0, 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 8; i++) {
		uint64_t before = tsc();
		int64_t clock = monotonic();
		uint64_t after = tsc();

		if (after - before < least) {
			least = after - before;
			best.clock = clock;
			best.tsc = before + (after - before) / 2;
		}
	}
	return best;
}

static void read_burst(int cpu, struct moment *last)
{
	for (int i = 0; i < BURST; i++) {
		int64_t seen_clock = highest_clock;
		int64_t clock = monotonic();
		uint64_t seen_tsc = highest_tsc;
		uint64_t now = tsc();

		if (clock < last->clock || clock < seen_clock)
			clocks.figures[CLOCK_BACK].value++;
		if (clock < last->clock)
			wrong(&clocks, "CLOCK_MONOTONIC went back by %lld ns on vCPU %d", (long long)(last->clock - clock), cpu);
		else if (clock < seen_clock)
			wrong(&clocks, "CLOCK_MONOTONIC of vCPU %d is %lld ns behind another vCPU's", cpu,
			      (long long)(seen_clock - clock));
		if (now < last->tsc)
			wrong(&clocks, "the TSC went back by %llu on vCPU %d", (unsigned long long)(last->tsc - now), cpu);
		else if (now < seen_tsc && tsc_is_promised)
			wrong(&clocks, "the TSC of vCPU %d is %llu behind another vCPU's", cpu,
			      (unsigned long long)(seen_tsc - now));
		else if (now < seen_tsc)
			figure_max(&clocks.figures[TSC_BACK], (int64_t)(seen_tsc - now));
		last->clock = spoil(&clocks) ? clock + NANOS : clock;
		last->tsc = now;
		while (clock > seen_clock && !atomic_compare_exchange_weak(&highest_clock, &seen_clock, clock))
			;
		while (now > seen_tsc && !atomic_compare_exchange_weak(&highest_tsc, &seen_tsc, now))
			;
	}
}

static void *read_forever(void *cpu)
{
	struct moment last = { 0, 0 }, first, before, warm;
	double nanos_per_tick = 0;

	pin((int)(long)cpu);
	first = before = warm = both();
	while (stop_requested == RUNNING) {
		struct moment now;

		read_burst((int)(long)cpu, &last);
		now = both();
		if (now.clock - first.clock < WARM_UP_NS) {
			warm = now;
			nanos_per_tick = (double)(now.clock - first.clock) / (double)(now.tsc - first.tsc);
		} else {
			double step = (double)(now.clock - before.clock) - (double)(now.tsc - before.tsc) * nanos_per_tick;

			figure_max(&clocks.figures[STEP_FORWARD], (int64_t)step);
			figure_max(&clocks.figures[STEP_BACK], (int64_t)-step);
			if (cpu == NULL) {
				double away = (double)(now.clock - warm.clock) - (double)(now.tsc - warm.tsc) * nanos_per_tick;

				clocks.figures[DRIFT].value = (int64_t)away;
				clocks.figures[TSC_KHZ].value = (int64_t)(1e6 / nanos_per_tick + 0.5);
			}
		}
		before = now;
		clocks.rounds++;
		usleep(PAUSE_US);
	}
	return NULL;
}

void start_clocks(void)
{
	char source[32] = "";
	FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");

	if (file && !fgets(source, sizeof(source), file))
		source[0] = '\0';
	if (file)
		fclose(file);
	source[strcspn(source, "\n")] = '\0';
	tsc_is_promised = strcmp(source, "tsc") == 0;
	say("note clocks: the kernel's clock is %s\n", source);
	watch(&clocks);
	for (long cpu = 0; cpu < cpus(); cpu++)
		start(read_forever, (void *)cpu);
}
