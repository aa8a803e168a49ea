// SPDX-License-Identifier: Apache-2.0
/* Tells once a second of every check that is on, and notices one that stands still. */
#include "guest.h"
#include <stdarg.h>

#define MOST_CHECKS 16
/* A check that has not come further in so many seconds of this guest's life hangs. */
#define HANGS_AFTER 10
/* What went wrong is told this often, per check; the number of errors always. */
#define TOLD 3

/* What a guest measures while it still boots is of no interest: nobody outside measures it, too. */
#define SETTLED_AFTER (2 * NANOS)

/* A check that is to be spoilt is, after so many rounds. */
#define SPOILT_AFTER 20

static int64_t started;
static const char *to_spoil = "";
static struct check *watched[MOST_CHECKS];
static _Atomic int watched_count;
static pthread_mutex_t report_lock = PTHREAD_MUTEX_INITIALIZER;

/* To be called before the checks' threads run. */
void watch(struct check *check)
{
	watched[watched_count] = check;
	watched_count++;
}

void wrong(struct check *check, const char *format, ...)
{
	char text[200];
	va_list arguments;

	if (atomic_fetch_add(&check->errors, 1) >= TOLD)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	say("note %s: %s\n", check->name, text);
}

void spoil_some(const char *names)
{
	to_spoil = names;
}

bool spoil(struct check *check)
{
	return to_spoil[0] && check->rounds >= SPOILT_AFTER && strstr(to_spoil, check->name) &&
	       !atomic_exchange(&check->spoilt, true);
}

bool settled(void)
{
	return monotonic() - started > SETTLED_AFTER;
}

void figure_max(struct figure *figure, int64_t value)
{
	int64_t old = figure->value;

	while (value > old && !atomic_compare_exchange_weak(&figure->value, &old, value))
		;
}

static void report(struct check *check)
{
	char figures[300] = "";
	size_t length = 0;

	for (int i = 0; i < FIGURES && check->figures[i].key; i++)
		length += (size_t)snprintf(figures + length, sizeof(figures) - length, " %s=%lld", check->figures[i].key,
					   (long long)check->figures[i].value);
	say("check %s %llu %u%s\n", check->name, (unsigned long long)check->rounds, check->errors, figures);
}

/* Counted in reports, not in time: a guest that did not run does not hang. */
static void expect_progress(struct check *check)
{
	uint64_t rounds = check->rounds;

	if (rounds != check->rounds_before || check->done) {
		check->rounds_before = rounds;
		check->standstill = 0;
	} else if (++check->standstill == HANGS_AFTER) {
		wrong(check, "no progress for %u s, after %llu rounds", HANGS_AFTER, (unsigned long long)rounds);
	}
}

static void *report_forever(void *unused)
{
	(void)unused;
	while (stop_requested == RUNNING) {
		sleep(1);
		pthread_mutex_lock(&report_lock);
		for (int i = 0; i < watched_count; i++) {
			if (watched[i]->proceeds && stop_requested == RUNNING)
				expect_progress(watched[i]);
			report(watched[i]);
		}
		pthread_mutex_unlock(&report_lock);
	}
	return NULL;
}

void start_reports(void)
{
	started = monotonic();
	if (watched_count > 0)
		start(report_forever, NULL);
}

/* Waits for the checks that have something to bring to an end, and reports everything once more. */
void last_reports(void)
{
	for (int i = 0; i < watched_count; i++) {
		for (int tenth = 0; watched[i]->ends && !watched[i]->done && tenth < HANGS_AFTER * 10; tenth++)
			usleep(100000);
		if (watched[i]->ends && !watched[i]->done)
			wrong(watched[i], "did not come to its end within %u s", HANGS_AFTER);
	}
	pthread_mutex_lock(&report_lock);
	for (int i = 0; i < watched_count; i++)
		report(watched[i]);
	pthread_mutex_unlock(&report_lock);
}
