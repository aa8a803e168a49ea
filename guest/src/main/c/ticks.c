// SPDX-License-Identifier: Apache-2.0
/*
 * Timers: a thread per vCPU has a periodic timer. Its expirations must agree with the time that has passed, and the timer
 * interrupts must go on being counted. How late the latest one was is a figure.
 */
#include "guest.h"
#include <sys/timerfd.h>

#define PERIOD (4 * 1000000L)
/* How often the interrupts are counted, in wake-ups. */
#define COUNTED_EVERY 200

enum { LATE, WAKEUPS, INTERRUPTS };

static struct check ticks = {
	.name = "ticks",
	.proceeds = true,
	.figures = {
		[LATE] = { .key = "late_ns" },
		[WAKEUPS] = { .key = "wakeups" },
		[INTERRUPTS] = { .key = "interrupts" },
	},
};
static int64_t interrupts_before;

static void count_interrupts(void)
{
	int64_t counted = interrupts_named("LOC") - interrupts_before;

	if (counted <= ticks.figures[INTERRUPTS].value)
		wrong(&ticks, "%d timers went off without a timer interrupt after the %lldth", COUNTED_EVERY,
		      (long long)counted);
	ticks.figures[INTERRUPTS].value = counted;
}

static void *tick_forever(void *cpu)
{
	struct itimerspec when;
	uint64_t total = 0, wakeups = 0;
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	int64_t first = monotonic() + PERIOD;

	pin((int)(long)cpu);
	in_real_time(40);
	when.it_value = (struct timespec){ first / NANOS, first % NANOS };
	when.it_interval = (struct timespec){ 0, PERIOD };
	if (timer < 0 || timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) != 0)
		fail("timerfd");
	while (stop_requested == RUNNING) {
		int64_t before = monotonic(), after;
		uint64_t expirations;

		if (read(timer, &expirations, sizeof(expirations)) != sizeof(expirations)) {
			wrong(&ticks, "timer of vCPU %d: %s", (int)(long)cpu, strerror(errno));
			continue;
		}
		after = monotonic();
		if (settled())
			figure_max(&ticks.figures[LATE], after - (first + (int64_t)total * PERIOD));
		total += expirations;
		if (spoil(&ticks))
			total -= 10;
		/* One period of grace: the kernel's clock and its timers need not be rounded in the same way. */
		if ((int64_t)total > (after - first) / PERIOD + 2)
			wrong(&ticks, "%llu expirations %lld ns after the first are too many, vCPU %d", (unsigned long long)total,
			      (long long)(after - first), (int)(long)cpu);
		if (before > first && (int64_t)total < (before - first) / PERIOD)
			wrong(&ticks, "%llu expirations %lld ns after the first are too few, vCPU %d, %lld ns later", (unsigned long long)total,
			      (long long)(before - first), (int)(long)cpu, (long long)(after - before));
		ticks.rounds++;
		ticks.figures[WAKEUPS].value++;
		if (cpu == NULL && ++wakeups % COUNTED_EVERY == 0)
			count_interrupts();
	}
	return NULL;
}

void start_ticks(void)
{
	interrupts_before = interrupts_named("LOC");
	watch(&ticks);
	for (long cpu = 0; cpu < cpus(); cpu++)
		start(tick_forever, (void *)cpu);
}
