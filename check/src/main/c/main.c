/*
 * twinhype-check: small guests straight on KVM devices, which look whether what
 * belongs to them is still there. Prints "key value" lines and, for each check,
 * a line "ok ..." or "FAILED ..."; ends with status 1 if one failed.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "main.h"

static const char usage[] =
	"usage: twinhype-check COMMAND --device PATH [--device PATH...] [OPTION VALUE...]\n"
	"  leak      guests of all devices take turns on the CPU and look for each other's state\n"
	"  load      the same until SIGTERM, with more memory: to run while something is done to a hypervisor\n"
	"  exits     time of one CPUID exit, in TSC ticks\n"
	"  hold      keep a VM until SIGTERM\n"
	"  refusals  what a twin must refuse, it refuses with an error\n"
	"  memory    fill host memory (pipes) with patterns and look at them until SIGTERM (no device)\n"
	"options: --cpu LIST --seconds N --guests N (per device) --pages N (per guest) --pause-every ROUNDS\n"
	"         --stall SECONDS --count EXITS --repeats N --mebibytes N\n";

static void __attribute__((noreturn)) wrong(const char *what, const char *value)
{
	fprintf(stderr, "twinhype-check: %s %s\n%s", what, value, usage);
	exit(2);
}

static long number(const char *option, const char *value, long least, long most)
{
	char *end;
	long result = strtol(value, &end, 10);

	if (!*value || *end || result < least || result > most)
		wrong(option, "needs another number");
	return result;
}

static void parse_cpus(struct options *options, const char *list)
{
	char *end;

	do {
		if (options->cpu_count == MAX_CPUS)
			wrong("--cpu", "names too many");
		options->cpus[options->cpu_count++] = strtol(list, &end, 10);
		if (end == list || (*end && *end != ','))
			wrong("--cpu", "needs numbers with commas between them");
		list = end + 1;
	} while (*end);
}

static void parse(struct options *options, int count, char **words)
{
	int i;

	for (i = 0; i + 1 < count; i += 2) {
		const char *option = words[i], *value = words[i + 1];

		if (!strcmp(option, "--device")) {
			if (options->device_count == MAX_DEVICES)
				wrong("too many", option);
			options->devices[options->device_count++] = value;
		} else if (!strcmp(option, "--cpu")) {
			parse_cpus(options, value);
		} else if (!strcmp(option, "--seconds")) {
			options->seconds = number(option, value, 0, 1000000);
		} else if (!strcmp(option, "--guests")) {
			options->guests = number(option, value, 1, MAX_GUESTS);
		} else if (!strcmp(option, "--pages")) {
			options->pages = number(option, value, 1, MAX_PAGES);
		} else if (!strcmp(option, "--pause-every")) {
			options->pause_every = number(option, value, 0, 1000000000);
		} else if (!strcmp(option, "--stall")) {
			options->stall = number(option, value, 1, 1000000);
		} else if (!strcmp(option, "--count")) {
			options->count = number(option, value, 1, 1000000000);
		} else if (!strcmp(option, "--repeats")) {
			options->repeats = number(option, value, 1, 1000000);
		} else if (!strcmp(option, "--mebibytes")) {
			options->mebibytes = number(option, value, 1, MAX_PIPES);
		} else {
			wrong("there is no option", option);
		}
	}
	if (i < count)
		wrong("a value is missing for", words[i]);
}

void block_ends(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
}

int wait_for_end(int milliseconds)
{
	struct timespec limit = { milliseconds / 1000, milliseconds % 1000 * 1000000L };
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	if (milliseconds < 0)
		return sigwaitinfo(&ends, NULL) > 0;
	return sigtimedwait(&ends, NULL, &limit) > 0;
}

void bind_to_cpu(const struct options *options, int n)
{
	cpu_set_t set;
	int cpu;

	if (!options->cpu_count)
		return;
	cpu = options->cpus[n % options->cpu_count];
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("there is no CPU %d to run on", cpu);
}

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

int main(int count, char **words)
{
	struct options options = {
		.guests = 1, .pages = 16, .count = 100000, .repeats = 5, .mebibytes = 16, .pause_every = 64, .stall = 120,
	};
	const char *command;
	int (*run)(const struct options *);

	if (count < 2)
		wrong("there is no", "command");
	command = words[1];
	if (!strcmp(command, "leak")) {
		options.seconds = 10;
		run = ring;
	} else if (!strcmp(command, "load")) {
		options.pages = 256;
		run = ring;
	} else if (!strcmp(command, "exits")) {
		run = exits;
	} else if (!strcmp(command, "hold")) {
		run = hold;
	} else if (!strcmp(command, "refusals")) {
		run = refusals;
	} else if (!strcmp(command, "memory")) {
		run = memory;
	} else {
		wrong("there is no command", command);
	}
	parse(&options, count - 2, words + 2);
	if (!options.device_count && run != memory)
		wrong("there is no", "--device");
	if (!options.cpu_count && !strcmp(command, "leak"))
		options.cpu_count = 1;	/* CPU 0 */
	setvbuf(stdout, NULL, _IOLBF, 0);
	return run(&options);
}
